"""A bar that starts from nothing: the sample, a file, or the first recipe."""

from pathlib import Path

from playwright.sync_api import expect

from .conftest import Window


def test_first_recipe_creates_units_and_ingredients(empty_window: Window) -> None:
    window, page = empty_window, empty_window.page
    window.goto("/bar")
    expect(page.get_by_role("heading", name="Three ways to begin")).to_be_visible()
    window.look("first-steps")
    page.get_by_role("link", name="Write the first recipe").click()
    page.get_by_label("Name", exact=True).fill("House Martini")
    for row, (name, amount) in enumerate([("Gin", "2 1/4"), ("Dry Vermouth", "3/4")]):
        line = page.locator(".line").nth(row)
        line.get_by_role("combobox", name="Ingredient").press_sequentially(name)
        line.get_by_role("option", name=f"Create “{name}”").click()
        dialog = page.get_by_role("dialog")
        if row == 0:
            window.look("new-ingredient")
        dialog.get_by_role("button", name="Create").click()
        expect(dialog).to_have_count(0)
        line.get_by_label("Amount").fill(amount)
        line.get_by_label("Unit").select_option("Ounce")
    window.look("first-recipe")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("House Martini")
    expect(page.locator(".ingredients .amount")).to_have_text(["2 1/4 oz", "3/4 oz"])
    window.settle()
    window.forgive("404")  # it has no relatives yet
    assert [unit["name"] for unit in window.api("units")["items"]] == ["Ounce"]
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Amount").first).to_have_value("2 1/4")


def test_sample_and_file_fill_the_bar(empty_window: Window, tmp_path: Path) -> None:
    window, page = empty_window, empty_window.page
    window.goto("/recipes")
    page.get_by_role("button", name="Use the sample").click()
    expect(page.locator("#results .recipe-card").first).to_be_visible(timeout=60_000)
    assert window.api("ingredients?q=campari")["items"][0]["path"].count("/") > 2
    window.look("sample")
    window.goto("/recipes/import")
    file = tmp_path / "mine.csv"
    file.write_text("name,ingredients\nMine,1 oz gin\n")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#summary")).to_contain_text("1 recipe to create")
    window.look("import")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#report-title")).to_have_text("Imported")
    assert window.api("recipes?q=mine")["items"][0]["name"] == "Mine"
