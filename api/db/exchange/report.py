"""What an import did or would do, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OnDuplicate = Literal["skip", "update", "keep-both"]


class PlacedName(BaseModel):
    """How a name of the source became an ingredient."""

    model_config = ConfigDict(frozen=True)

    written: str = Field(description="The name in the source.", examples=["Light rum"])
    ingredient: str | None = Field(
        description="The ingredient it became; null if its lines were left out.",
        examples=["White Rum"],
    )
    how: str = Field(
        description="existing, declared, mapping, name, words, translated, similar, kind, unsorted "
        "or left out",
        examples=["name"],
    )
    lines: int = Field(description="Recipe lines with this name.", examples=[43])
    suggestions: list[str] = Field(default=[], description="Known ingredients that look alike.")


class CreatedIngredient(BaseModel):
    """An ingredient that the database did not have."""

    name: str = Field(examples=["White Rum"])
    parent: str | None = Field(examples=["Rum"])


class UnreadLine(BaseModel):
    """A line with an amount that was not understood; it was imported without it."""

    where: str = Field(examples=["line 17"])
    recipe: str
    ingredient: str
    text: str = Field(description="The amount as written.", examples=["mikey bottle"])


class ImportReport(BaseModel):
    """What an import did, or would do."""

    shape: str = Field(
        description="The kind of source that was recognized.",
        examples=["TheCocktailDB (JSON)"],
    )
    dry_run: bool = False
    created: int = Field(default=0, description="New recipes.", examples=[12])
    updated: int = Field(default=0, description="Recipes that changed.")
    unchanged: int = Field(default=0, description="Recipes that were the same already.")
    skipped: list[str] = Field(
        default=[], description="Recipes whose names exist and that were left as they are."
    )
    lines: int = Field(default=0, description="Ingredient lines.", examples=[60])
    placed: int = Field(default=0, description="Lines whose ingredient has a place in the tree.")
    without_amount: int = Field(default=0, description="Lines for which no amount is given.")
    ingredients_created: list[CreatedIngredient] = []
    units_created: list[str] = []
    tags_created: int = 0
    ratings_created: int = 0
    unsorted: list[PlacedName] = Field(
        default=[], description="Names that were put below Unsorted, for people to place."
    )
    unread: list[UnreadLine] = Field(
        default=[], description="Lines with an amount that was not understood."
    )
    guessed: list[PlacedName] = Field(
        default=[], description="Names that were read freely, worth a look."
    )
    renamed: list[PlacedName] = Field(
        default=[], description="Names that the tree has under another one, such as its spelling."
    )
    notes: list[str] = []
    replaced: dict[str, int] = Field(
        default={}, description="With replace: how many rows of each table were removed."
    )
    backup: str | None = Field(default=None, description="Where the replaced database is kept.")


def summary(report: ImportReport) -> list[str]:
    """Return the report as lines of text."""
    verb = "would be " if report.dry_run else ""
    lines = [
        f"Recognized: {report.shape}",
        f"Recipes: {report.created} {verb}created, {report.updated} {verb}updated, "
        f"{report.unchanged} unchanged, {len(report.skipped)} skipped",
    ]
    if report.skipped:
        lines.append(
            f"  Skipped, because recipes of these names exist: {_some(report.skipped)}. "
            f"--on-duplicate update or keep-both imports them."
        )
    share = f" ({report.placed / report.lines:.1%})" if report.lines else ""
    lines.append(f"Lines: {report.lines}, {report.placed} with a place in the tree{share}")
    if report.without_amount:
        lines.append(f"  {_count(report.without_amount, 'line')} without an amount.")
    lines += [
        f"Created: {_count(len(report.ingredients_created), 'ingredient')}, "
        f"{_count(len(report.units_created), 'unit')}, {_count(report.tags_created, 'tag')}"
    ]
    if report.ratings_created:
        lines.append(f"  and {_count(report.ratings_created, 'rating')}")
    if report.guessed:
        lines.append(f"Read freely ({_count(len(report.guessed), 'name')}):")
        lines += [f"  {one.written} -> {one.ingredient} ({one.how})" for one in report.guessed]
    if report.renamed:
        names = [f"{one.written} -> {one.ingredient}" for one in report.renamed]
        lines.append(f"Known under another name ({_count(len(names), 'name')}): {_some(names)}")
    if report.unsorted:
        lines.append(f"Put below Unsorted ({_count(len(report.unsorted), 'name')}):")
        for one in report.unsorted:
            hint = f"; similar: {', '.join(one.suggestions)}" if one.suggestions else ""
            lines.append(f"  {one.written} ({_count(one.lines, 'line')}{hint})")
    if report.unread:
        lines.append(f"Amounts that were not understood ({_count(len(report.unread), 'line')}):")
        lines += [f"  {x.where}: {x.recipe}: {x.ingredient}: {x.text!r}" for x in report.unread]
    lines += [f"Note: {note}" for note in report.notes]
    if report.replaced:
        gone = ", ".join(f"{count} {table}" for table, count in report.replaced.items() if count)
        lines.append(f"{'Would replace' if report.dry_run else 'Replaced'}: {gone or 'nothing'}")
    if report.backup:
        lines.append(f"The database as it was is kept in {report.backup}")
    return lines


def _some(names: Sequence[str], most: int = 8) -> str:
    shown = [name if count == 1 else f"{name} ({count})" for name, count in Counter(names).items()]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
