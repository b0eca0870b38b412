"""The lines of a source in our own form: amounts read, ingredients and units found."""

import math
from collections import Counter
from dataclasses import replace

from api.db.exchange.drafts import Collection, Row, id_key
from api.db.exchange.foreign_texts import storable
from api.db.exchange.line_texts import (
    garnish_text,
    juice_of,
    line_text,
    plain_number,
    plain_text,
)
from api.db.exchange.mapping import Mapping
from api.db.exchange.measures import Measure, parse_line, parse_measure
from api.db.exchange.placing import IngredientPlacer, Placement, UnitPlacer
from api.db.exchange.report import ImportReport, PlacedName, UnreadLine
from api.db.exchange.sources.content import counted_last
from api.db.exchange.time_limit import check_time
from api.db.rules import LARGEST_AMOUNT
from api.db.search_names import fold, same_name
from api.db.taxonomy.matcher import is_known

#: Ingredients that come in pieces: '2' are two pieces, where '2' of a liquid are two parts.
_IN_PIECES = frozenset(("Fruit, Herb & Spice", "Egg", "Sugar Cube", "Candy", "Ice Cream"))
#: Units that say how much by themselves.
_WITHOUT_AMOUNT = ("to top", "to rinse", "to taste")


class LinePlanner:
    """Brings lines to our own form, one by one, and counts what it read.

    Parameters
    ----------
    source
        Where the lines come from.
    out
        Takes the faults.
    report
        Takes the counts and the lines that were not understood.
    """

    def __init__(
        self,
        source: Collection,
        out: Collection,
        report: ImportReport,
        ingredients: IngredientPlacer,
        units: UnitPlacer,
        mapping: Mapping,
    ) -> None:
        self._source, self._out, self._report = source, out, report
        self._ingredients, self._units, self._mapping = ingredients, units, mapping
        self._by_id = {
            table: {
                id_key(row.fields["id"]): row.text("name")
                for row in rows
                if row.fields.get("id") is not None
            }
            for table, rows in (("ingredient", source.ingredients), ("unit", source.units))
        }
        self._lines: Counter[str] = Counter()
        self._placements: dict[str, tuple[str, Placement]] = {}

    def names(self) -> list[PlacedName]:
        """Return how every name became an ingredient."""
        return [
            PlacedName(
                written=written, ingredient=placement.ingredient, how=placement.how,
                lines=self._lines[key], suggestions=list(placement.suggestions),
            )
            for key, (written, placement) in self._placements.items()
        ]  # fmt: skip

    def place_name(self, name: str) -> None:
        """Place an ingredient that a source only lists, without its place in the tree."""
        key = same_name(name)
        self._placements.setdefault(key, (name, self._ingredients.place(name)))

    def plan(self, line: Row, recipe: str, extras: dict[str, list[str]]) -> Row | None:
        """Return a line in our own form; None if it is none.

        Parameters
        ----------
        recipe
            The recipe's name, for the report.
        extras
            Takes garnishes.
        """
        fields = line.fields
        identifiers = {
            f"{name}_id": fields[f"{name}_id"]
            for name in ("ingredient", "unit")
            if fields.get(f"{name}_id") is not None and fields.get(name) is None
        }
        known = {
            name: self._by_id[name].get(id_key(identifiers.get(f"{name}_id")))
            for name in ("ingredient", "unit")
        }
        for noun in known:
            if f"{noun}_id" in identifiers and known[noun] is None:
                message = f"There is no {noun} {identifiers[f'{noun}_id']}."
                remedy = f"List it under {noun}s, or use its name."
                out = self._out
                out.add_fault("recipe_ingredients", line.where, f"{noun}_id", message, remedy)
                return None
        written, measure, text, as_is = self._read(line, known["ingredient"], known["unit"])
        if not written:
            if any(value is not None for key, value in fields.items() if key != "number"):
                self._refuse_nameless(line)
            return None
        if measure.form == "garnish" and not as_is:
            extras.setdefault("garnish", []).append(garnish_text(measure, written))
            if not self._source.own:
                return None
        original = written
        if not self._source.own:
            name = storable(written, "ingredients", "name", line.where, self._report.notes.append)
            if name is None:
                return None
            written = name
        if as_is and self._ingredients.has(written):
            placement = self._ingredients.place(written)
        else:
            written, placement, measure = self._ingredient(written, measure, line.text("detail"))
        key = same_name(written)
        self._lines[key] += 1
        self._placements.setdefault(key, (written, placement))
        self._report.lines += 1
        if placement.ingredient is None:
            return None
        amount, unit = measure.low, measure.unit
        if not as_is:
            amount, unit = self._amount(measure, placement)
        if not measure.understood:
            self._report.unread.append(
                UnreadLine(where=line.where, recipe=recipe, ingredient=written, text=text or "")
            )
        elif amount is None and unit is None and measure.form is None:
            self._report.without_amount += 1
        if text is None and same_name(placement.ingredient) != same_name(original):
            text = line_text(fields, original)
        made = {"ingredient": placement.ingredient, "amount": amount, "unit": unit,
                "original_text": text}  # fmt: skip
        if fields.get("id") is not None:
            made["id"] = fields["id"]
        return Row(line.where, made)

    def _refuse_nameless(self, line: Row) -> None:
        if self._source.own:
            message, remedy = "It is missing.", "Name the ingredient."
            self._out.add_fault("recipe_ingredients", line.where, "ingredient", message, remedy)
        else:
            self._report.notes.append(f"{line.where} was left out: it names no ingredient.")

    def _read(
        self, line: Row, ingredient: str | None, unit: str | None
    ) -> tuple[str, Measure, str | None, bool]:
        """Return the ingredient's name, the measure, the text to keep, and whether all is exact.

        An exact line is one of our own: a number of a known unit, written as it is.
        """
        fields = line.fields
        if (whole := line.text("line")) is not None:
            measure = self._parsed(whole, whole=True)
            if not measure.understood:
                measure = counted_last(measure.rest) or measure
            if not measure.understood and measure.unit is None and is_known(measure.rest):
                measure = replace(measure, understood=True)  # it names no amount
            return measure.rest, replace(measure, rest=""), whole, False
        ingredient = ingredient or line.text("ingredient") or ""
        unit = unit or line.text("unit")
        kept = line.text("original_text")
        plain = plain_number(fields.get("amount"))
        if "measure" not in fields or fields.get("measure") is None:
            found = None if unit is None else self._units.find(unit)
            # A unit alone may be one of it, or nothing that can be known: '_parsed' tells.
            direct = plain is not None or (self._source.own and fields.get("amount") is None)
            if direct and (found is not None or (unit is None and self._source.own)):
                high = plain_number(fields.get("amount_max"))
                measure = Measure(plain, plain if high is None else high, found)
                if not (self._source.own or _is_amount(plain)):
                    measure = Measure(understood=False)
                shown = None if self._source.own else line_text(fields, ingredient)
                return ingredient, measure, kept or shown, self._source.own
        raw = fields.get("amount")
        top = fields.get("amount_max")
        amount = (
            f"{plain_text(raw)}-{plain_text(top)}" if raw is not None and top else plain_text(raw)
        )
        text = " ".join(part for part in (amount, line.text("measure"), unit) if part)
        measure = self._parsed(text, whole=False)
        if not text and (note := line.text("note")):
            said = self._parsed(note, whole=False)
            # 'to top' may stand in a note.
            measure = said if said.unit in _WITHOUT_AMOUNT and not said.rest else measure
        if raw is not None and unit and text != unit and not _says_how_much(measure, amount):
            measure = Measure(rest=text, understood=False)
        return ingredient, measure, kept or line_text(fields, ingredient, text), False

    def _parsed(self, text: str, *, whole: bool) -> Measure:
        text = self._mapping.measures.get(same_name(text), text)
        check_time()
        return parse_line(text) if whole else parse_measure(text)

    def _ingredient(
        self, written: str, measure: Measure, detail: str | None
    ) -> tuple[str, Placement, Measure]:
        """Place the ingredient; a detail or the words of its measure may make it more exact."""
        cleaned = parse_line(written)
        if cleaned.form == "garnish" and cleaned.rest:
            written = cleaned.rest
        if same_name(written) in self._mapping.ingredients:
            return written, self._ingredients.place(written), measure
        plain = self._ingredients.look_up(written)
        if measure.form in ("juice", "peel"):
            known = [] if plain.node is None or plain.new_child else [plain.node.name]
            for name in (written, *known):  # there is no 'citron vert juice'
                part = self._ingredients.look_up(f"{name} {measure.form}")
                if part.node is None or part.how not in ("name", "words") or part.new_child:
                    continue
                if measure.form == "juice":
                    measure = juice_of(measure, plain.node)
                return part.node.name, self._ingredients.place(part.node.name), measure
        closer = [detail] if detail else []
        if measure.rest and measure.understood:
            closer.append(f"{measure.rest} {written}")
        for text in closer:
            found = self._ingredients.look_up(text)
            if (
                found.node is not None
                and found.how in ("name", "words")
                and not found.new_child
                and (plain.node is None or found.node.is_below(plain.node))
            ):
                return found.node.name, self._ingredients.place(found.node.name), measure
        return written, self._ingredients.place(written), measure

    def _amount(self, measure: Measure, placement: Placement) -> tuple[float | None, str | None]:
        unit = measure.unit
        amount = measure.amount
        if self._source.own and unit is None:
            return amount, None
        if amount is not None and not (math.isfinite(amount) and amount >= 0):
            amount = None
        if unit in _WITHOUT_AMOUNT:
            amount = None
        node = placement.node
        if node is not None and node.name == "Ice":
            # Ice is a way of serving: its volume would drown the drink.
            return None, self._units.ensure("to taste")
        if unit is None and amount is not None:
            unit = "Each" if node is None or _IN_PIECES & set(node.path) else "Part"
        return amount, None if unit is None else self._units.find(unit)


def _says_how_much(measure: Measure, amount: str) -> bool:
    """Return whether the amount was read, and not only the unit beside it: 'abc', 'oz'."""
    return not (measure.rest and fold(amount) in fold(measure.rest))


def _is_amount(number: float | None) -> bool:
    return number is None or 0 <= number <= LARGEST_AMOUNT
