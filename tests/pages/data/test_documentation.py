"""The documentation: built without a warning, and served under /docs/ by the application."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.pages import router
from api.pages.documentation_site import DocumentationSite, read_documentation
from tests.pages.conftest import Served, Visiting

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def built_documentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("documentation")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def site(built_documentation: Path, monkeypatch: pytest.MonkeyPatch) -> DocumentationSite:
    site = read_documentation(built_documentation)
    monkeypatch.setattr(router, "documentation_site", lambda: site)
    return site


def test_pages_load_nothing_from_elsewhere(built_documentation: Path) -> None:
    for page in built_documentation.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)", text)
        loaded += re.findall(r"<link[^>]* rel=\"(?:stylesheet|icon|preload)\"[^>]*", text)
        assert loaded
        assert [address for address in loaded if "://" in address] == []


def test_every_page_of_the_folder_is_built(built_documentation: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"README"}
    assert pages <= {path.stem for path in built_documentation.glob("*.html")}


def test_reference_names_the_public_functions(built_documentation: Path) -> None:
    import barcart

    text = (built_documentation / "barcart.html").read_text(encoding="utf-8")
    assert [name for name in barcart.__all__ if f'id="barcart.{name}"' not in text] == []


def test_served_pages_work_and_search_finds(
    site: DocumentationSite, sample_server: Served, visit: Visiting
) -> None:
    found = visit(sample_server, "/docs/")
    expect(found.page.get_by_role("heading", level=1)).to_contain_text("Documentation")
    found.page.get_by_role("link", name="Tutorial").first.click()
    found.settle()
    expect(found.page.get_by_role("heading", level=1)).to_contain_text("Tutorial")
    box = found.page.get_by_role("textbox", name="Search")
    box.click()
    box.press_sequentially("rollback")
    expect(found.page.locator(".md-search-result__item").first).to_be_visible()


def test_page_that_is_not_there_is_not_found(
    site: DocumentationSite, sample_server: Served
) -> None:
    import httpx2

    assert httpx2.get(f"{sample_server.url}/docs/nothing.html").status_code == 404
