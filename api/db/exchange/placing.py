"""Where the ingredients and units of a source go in a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.db.exchange.mapping import Mapping, Target
from api.db.exchange.time_limit import check_time
from api.db.rules import MAX_NAME
from api.db.search_names import same_name
from api.db.taxonomy.matcher import Match, find_ingredient
from api.db.taxonomy.taxonomy import Node, shipped_taxonomy, words_of
from api.db.taxonomy.units import Unit, find_unit, known_units

#: The branch of what no rule could place.
UNSORTED = "Unsorted"


@dataclass(frozen=True)
class KnownIngredient:
    """An ingredient that the database has."""

    name: str
    parent: str | None = None


@dataclass(frozen=True)
class NewIngredient:
    """An ingredient to create; parents come before children."""

    name: str
    parent: str | None
    allow_substitution: bool


@dataclass(frozen=True)
class Placement:
    """The ingredient that a name became.

    Attributes
    ----------
    ingredient
        Its name; None if its lines are left out.
    node
        What it is in the shipped tree, as far as that is known.
    """

    ingredient: str | None
    how: str
    node: Node | None = None
    suggestions: Sequence[str] = ()


class IngredientPlacer:
    """Finds or creates the ingredient for each name of a source.

    The database's own ingredients come first, by name and by what they are; then the shipped tree.
    """

    def __init__(self, known: Iterable[KnownIngredient], mapping: Mapping | None = None) -> None:
        self._tree = shipped_taxonomy()
        self._mapping = mapping or Mapping()
        self._names: dict[str, str] = {}
        self._words: dict[tuple[str, ...], str] = {}
        self._of_node: dict[str, str] = {}
        self._placements: dict[str, Placement] = {}
        self._matches: dict[str, Match] = {}
        self.created: list[NewIngredient] = []
        for ingredient in known:
            self._add(ingredient.name)

    def _add(self, name: str) -> None:
        self._names.setdefault(same_name(name), name)
        words = words_of(name)
        self._words.setdefault(tuple(sorted(words)), name)
        node = self._tree.find(words)
        if node is not None:
            # The very name wins over an alias: 'Gin' before 'Dry Gin'.
            if same_name(node.name) == same_name(name):
                self._of_node[node.name] = name
            self._of_node.setdefault(node.name, name)

    def place(self, written: str) -> Placement:
        """Return the ingredient for a name, creating it if need be."""
        key = same_name(written)
        if key not in self._placements:
            self._placements[key] = self._place(written)
        return self._placements[key]

    def has(self, name: str) -> bool:
        """Return whether the database or the source has an ingredient of this very name."""
        return same_name(name) in self._names and same_name(name) not in self._mapping.ingredients

    def look_up(self, written: str) -> Match:
        """Return what a name means in the shipped tree, without creating anything."""
        if written not in self._matches:
            check_time()
            # What follows is no name, and the cost grows with the cube of the words.
            self._matches[written] = find_ingredient(written[:MAX_NAME])
        return self._matches[written]

    def _place(self, written: str) -> Placement:
        key = same_name(written)
        if key in self._mapping.ingredients:
            return self._mapped(self._mapping.ingredients[key])
        node = self.look_up(written)
        exact = None if node.new_child else node.node
        if key in self._names:
            return Placement(self._names[key], "existing", node.node)
        same_words = self._words.get(tuple(sorted(words_of(written))))
        if same_words is not None:
            return Placement(same_words, "existing", node.node)
        if exact is not None:
            how = "existing" if exact.name in self._of_node and node.how == "name" else node.how
            return Placement(self._ensure(exact), how, exact)
        if node.node is not None:
            kind = self._ensure(node.node)
            # Brands mostly: another of the kind serves as well.
            return Placement(self._create(written, kind, True), "kind", node.node)
        top = self._names.get(same_name(UNSORTED)) or self._create(UNSORTED, None, False)
        return Placement(
            self._create(written, top, False), "unsorted", suggestions=node.suggestions
        )

    def _mapped(self, target: Target | None) -> Placement:
        if target is None:
            return Placement(None, "left out")
        key = same_name(target.name)
        node = self.look_up(target.name).node
        if key in self._names:
            return Placement(self._names[key], "mapping", node)
        if target.parent is not None:
            parent = self.place(target.parent).ingredient
            return Placement(self._create(target.name, parent, False), "mapping", node)
        found = self.look_up(target.name)
        if found.node is not None and not found.new_child:
            return Placement(self._ensure(found.node), "mapping", node)
        placed = self._place(target.name)
        return Placement(placed.ingredient, "mapping", placed.node)

    def _ensure(self, node: Node) -> str:
        """Return the database's ingredient for a node, creating it below its nearest kind."""
        if node.name in self._of_node:
            return self._of_node[node.name]
        parent = None
        if len(node.path) > 1:
            parent = self._ensure(self._tree.nodes[node.path[-2]])
        return self._create(node.name, parent, node.allow_substitution)

    def _create(self, name: str, parent: str | None, allow_substitution: bool) -> str:
        name = " ".join(name.split())[:MAX_NAME].strip()
        if (existing := self._names.get(same_name(name))) is not None:
            return existing
        self.created.append(NewIngredient(name, parent, allow_substitution))
        self._add(name)
        return name


class UnitPlacer:
    """Finds or creates the unit for each unit of a source."""

    def __init__(self, known: Iterable[tuple[str, str | None]]) -> None:
        self._names: dict[str, str] = {}
        self._of_unit: dict[str, str] = {}
        self.created: list[Unit] = []
        abbreviations: dict[str, str] = {}
        for name, abbreviation in known:
            self._names.setdefault(same_name(name), name)
            if abbreviation:
                abbreviations.setdefault(same_name(abbreviation), name)
            if (unit := find_unit(name)) is not None:
                if unit.name == name:
                    self._of_unit[unit.name] = name
                self._of_unit.setdefault(unit.name, name)
        for key, name in abbreviations.items():
            self._names.setdefault(key, name)

    def find(self, written: str) -> str | None:
        """Return the unit that ``written`` names, creating a common one; None if it names none."""
        if (name := self._names.get(same_name(written))) is not None:
            return name
        unit = find_unit(written)
        return None if unit is None else self.ensure(unit.name)

    def ensure(self, unit_name: str) -> str:
        """Return the database's unit for one of ``units.csv``."""
        if unit_name not in self._of_unit:
            unit = known_units()[unit_name]
            name = self._names.get(same_name(unit_name))
            if name is None:
                self.created.append(unit)
                name = unit_name
                self._names[same_name(name)] = name
            self._of_unit[unit_name] = name
        return self._of_unit[unit_name]
