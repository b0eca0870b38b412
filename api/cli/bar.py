"""``cocktaildb bar``: what a shelf makes, what to buy, what replaces an empty bottle."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import exit_on_error, stderr

if TYPE_CHECKING:
    from pydantic import BaseModel

    from api.analysis.bar.learned_map import LearnedMap
    from api.analysis.bar.model import BarModel
    from api.analysis.bar.neighbor_graph import NeighborGraph
    from api.http.models.bar import Replacement
    from api.storage.snapshots import Manifest

app = typer.Typer(
    help="Shelf questions: what can I make, what should I buy, what replaces a bottle.",
    no_args_is_help=True,
)

Have = Annotated[
    list[str] | None,
    typer.Option("--have", help="A bottle or kind by name or ID; repeat it, or use commas."),
]
Shelf = Annotated[
    Path | None,
    typer.Option("--shelf", allow_dash=True, help="A file with one bottle per line; - for stdin."),
]
User = Annotated[
    str | None,
    typer.Option(
        "--user",
        help="Whose shelf on the server, without --have and --shelf: the subject of their token; "
        "by default who signs in with the token of `cocktaildb serve`.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


@app.command()
def now(
    have: Have = None,
    shelf: Shelf = None,
    user: User = None,
    order: Annotated[str, typer.Option(help="rating, similarity or ingredients.")] = "ingredients",
    like: Annotated[str | None, typer.Option(help="A recipe to be near, by name or ID.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the recipes that the shelf makes."""
    with exit_on_error():
        from api.http.bar_answers import makeable_answer

        if order not in ("rating", "similarity", "ingredients"):
            raise typer.BadParameter("rating, similarity or ingredients", param_hint="--order")
        if order == "similarity" and like is None:
            raise typer.BadParameter("--order similarity needs --like RECIPE")
        bar = _read_bar()
        chains = None
        if like is not None:
            chains = _graph(_read_published()[0]).chains(_recipe_id(bar, like))
        answer = makeable_answer(bar, _bottles(bar, have, shelf, user), order, chains)  # type: ignore[arg-type]
    _print(
        answer,
        as_json,
        ["Recipe", "Ingredients", "Rating"],
        [
            [one.recipe_name, str(one.ingredient_count), f"{one.rating:.1f}" if one.rating else ""]
            for one in answer.recipes
        ],
    )


@app.command("next")
def next_(
    have: Have = None,
    shelf: Shelf = None,
    user: User = None,
    count: Annotated[int, typer.Option(min=1, max=10, help="Length of the shopping list.")] = 3,
    as_json: AsJson = False,
) -> None:
    """List the bottles to buy next, each with the recipes that it unlocks."""
    with exit_on_error():
        from api.http.bar_answers import next_answer

        bar = _read_bar()
        answer = next_answer(bar, _bottles(bar, have, shelf, user), count)
    _print(
        answer,
        as_json,
        ["Buy", "Unlocks", "Such as"],
        [
            [
                one.ingredient_name,
                str(one.unlocks),
                ", ".join(recipe.recipe_name for recipe in one.recipes[:3]),
            ]
            for one in answer.shopping_list
        ],
    )


@app.command()
def without(
    empty: Annotated[str, typer.Argument(help="The bottle that ran out, by name or ID.")],
    have: Have = None,
    shelf: Shelf = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """List the drinks that an empty bottle affects, and what to pour instead."""
    with exit_on_error():
        from api.analysis.bar import published
        from api.http.bar_answers import without_answer

        bar = _read_bar()
        _, (substitutes,) = _read_published("ingredient-substitutes")
        swaps = published.swaps(substitutes)
        bottle = _ingredient_id(bar, empty)
        answer = without_answer(bar, _bottles(bar, have, shelf, user), bottle, swaps)

    def measure(amount: float | None, unit: str | None) -> str:
        return " ".join(filter(None, [f"{amount:g}" if amount is not None else "", unit or ""]))

    _print(
        answer,
        as_json,
        ["Recipe", "Instead of", "Pour", "Why"],
        [
            [
                one.recipe_name,
                f"{measure(one.amount, one.unit)} {one.ingredient.ingredient_name}".strip(),
                f"{measure(one.amount, one.unit)} {one.replacement.ingredient_name}".strip()
                if one.replacement
                else "no good stand-in",
                _evidence(one.replacement),
            ]
            for one in answer.affected
        ],
    )


@app.command()
def stock(
    have: Have = None, shelf: Shelf = None, user: User = None, as_json: AsJson = False
) -> None:
    """List the shelf's bottles by how many drinks they serve, unused ones first."""
    with exit_on_error():
        from api.http.bar_answers import stock_answer

        bar = _read_bar()
        answer = stock_answer(bar, _bottles(bar, have, shelf, user))
    _print(
        answer,
        as_json,
        ["Bottle", "Serves", "Asked for by", "Would be used by"],
        [
            [
                one.ingredient_name,
                str(one.serves),
                str(one.wanted_by),
                ", ".join(need.recipe_name for need in one.would_use),
            ]
            for one in answer.bottles
        ],
    )


@app.command()
def menu(
    recipes: Annotated[list[str], typer.Argument(help="Up to 20 recipes, by name or ID.")],
    as_json: AsJson = False,
) -> None:
    """Check a menu: near-duplicates, gaps on the map, ingredients that one drink alone needs."""
    with exit_on_error():
        from api.analysis.bar.menu import check_menu
        from api.http.bar_answers import menu_answer

        bar = _read_bar()
        manifest, _ = _read_published()
        chosen = [_recipe_id(bar, recipe) for recipe in recipes]
        try:
            found = check_menu(bar, chosen, _graph(manifest), _map(manifest))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        answer = menu_answer(bar, found)
    _print(
        answer,
        as_json,
        ["Finding", "What"],
        [
            *(
                ["near-duplicates", f"{one.first.recipe_name} and {one.second.recipe_name}"]
                for one in answer.duplicates
            ),
            *(
                ["gap on the map", f"{one.region}: try {one.suggestion.recipe_name}"]
                for one in answer.gaps
            ),
            *(
                ["one drink only", f"{one.ingredient_name}: {one.recipe.recipe_name}"]
                for one in answer.single_use
            ),
        ],
    )


def _evidence(found: "Replacement | None") -> str:
    if found is None:
        return ""
    pairs = f"{found.support} pairs of near-identical drinks"
    return f"{found.rating}: {'same family' if found.family else pairs}"


def _read_bar() -> "BarModel":
    from api.analysis.bar.model import BarModel
    from api.db.bar_rows import read_bar_rows
    from api.db.database import get_database

    with get_database().snapshot() as connection:
        return BarModel.from_rows(read_bar_rows(connection))


def _read_published(*names: str) -> "tuple[Manifest, list[Any]]":
    from api.cli.own_analytics import read_own

    manifest, found = read_own(names)
    _require(manifest, *names)
    return manifest, [found[name] for name in names]


def _graph(manifest: "Manifest") -> "NeighborGraph":
    from api.analysis.bar import published
    from api.utils.analytics_cache import AnalyticsStorage

    name = "recipe-similar"
    _require(manifest, name)
    snapshots = AnalyticsStorage.from_settings().snapshots
    return published.neighbor_graph(
        snapshots.read_summary(manifest, name), lambda: snapshots.iterate_records(manifest, name)
    )


def _map(manifest: "Manifest") -> "LearnedMap":
    from api.analysis.bar import published
    from api.utils.analytics_cache import AnalyticsStorage

    _require(manifest, "atlas")
    snapshots = AnalyticsStorage.from_settings().snapshots
    return published.learned_map(
        snapshots.read_summary(manifest, "atlas"), lambda: snapshots.read(manifest, "atlas")
    )


def _require(manifest: "Manifest", *names: str) -> None:
    from api.storage.errors import StorageError

    for name in names:
        if name not in manifest.artifacts:
            raise StorageError(f"There is no {name} yet. Compute it with: cocktaildb refresh")


def _bottles(
    bar: "BarModel", have: list[str] | None, shelf: Path | None, user: str | None
) -> list[int]:
    """Return the bottles that the options name; without any, those of the shelf on the server."""
    if have is None and shelf is None:
        return _stored_bottles(user)
    if user is not None:
        raise typer.BadParameter(
            "--have and --shelf take the place of the shelf on the server. Leave either them or "
            "--user out.",
            param_hint="--user",
        )
    names = [part.strip() for one in have or [] for part in one.split(",")]
    if shelf is not None:
        try:
            text = sys.stdin.read() if str(shelf) == "-" else shelf.read_text("utf-8")
        except OSError as error:
            raise typer.BadParameter(f"{shelf}: {error.strerror}", param_hint="--shelf") from error
        names += [line.strip() for line in text.splitlines()]
    return [_ingredient_id(bar, name) for name in names if name]


def _stored_bottles(user: str | None) -> list[int]:
    from api.db.catalog.shelf import get_shelf, shelf_owners
    from api.db.database import get_database
    from api.http.auth import LOCAL_USER

    owner = LOCAL_USER if user is None else user
    with get_database().snapshot() as connection:
        found = get_shelf(connection, owner).bottles
        owners = shelf_owners(connection)
    if not found:
        stderr.print(
            f"The shelf of {owner} on the server is empty. Fill it at /bar, signed in, or name "
            f"bottles with --have or --shelf."
            + (f" Shelves with bottles (--user): {', '.join(owners)}." if owners else "")
        )
    return [one.ingredient_id for one in found]


def _ingredient_id(bar: "BarModel", text: str) -> int:
    return _id(text, {key: one.name for key, one in bar.ingredients.items()}, "ingredient")


def _recipe_id(bar: "BarModel", text: str) -> int:
    names = dict(sorted(zip(bar.recipes.ids.tolist(), bar.recipes.names, strict=True)))
    return _id(text, names, "recipe")


def _id(text: str, names: dict[int, str], kind: str) -> int:
    """Return the ID that a name or ID means; an unknown name is refused with those like it."""
    from difflib import get_close_matches

    from api.db.search_names import fold

    if text.isdecimal() and int(text) in names:
        return int(text)
    folded = {fold(name): key for key, name in names.items()}
    key = folded.get(fold(text))
    if key is None:
        near = get_close_matches(fold(text), list(folded), n=3, cutoff=0.6)
        hint = ", ".join(names[folded[one]] for one in near)
        raise typer.BadParameter(
            f"there is no {kind} {text!r}." + (f" Did you mean: {hint}?" if hint else "")
        )
    return key


def _print(answer: "BaseModel", as_json: bool, columns: list[str], rows: list[list[str]]) -> None:
    if as_json:
        typer.echo(answer.model_dump_json())
        return
    if not rows:
        stderr.print("Nothing found.")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(soft_wrap=True).print(table)
