// The recipes of the maps and the state that maps and lists share: search, legend, lasso, selection.
import { fold } from "./elements.js";

export class AtlasModel {
  /** @param data what `api/analysis/atlas.py` builds */
  constructor(data) {
    this.recipes = data.recipes;
    this.groups = data.groups;
    this.names = data.names;
    this.distance = data.distance ?? "learned";
    this.near = data.near ?? { row: [], distance: [] };
    this.maps = new Map(data.maps.map((map) => [map.key, map]));
    this.total = data.recipes.id.length;
    this.terms = []; // folded words, all of which must occur
    this.chosen = new Set(); // groups; none chosen means all
    this.within = null; // Set of recipes inside the lasso, or null
    this.hover = -1;
    this.selected = -1;
    this.shown = new Uint8Array(this.total); // passes the legend
    this.lit = new Uint8Array(this.total); // passes everything
    this.haystack = this.recipes.name.map((name, i) =>
      fold(`${name}\n${this.ingredientsOf(i).join("\n")}`),
    );
    const { compare } = new Intl.Collator("en");
    this.byName = d3
      .range(this.total)
      .sort(
        (a, b) =>
          compare(this.recipes.name[a], this.recipes.name[b]) ||
          this.recipes.id[a] - this.recipes.id[b],
      );
    this.filter();
  }

  ingredientsOf(i) {
    return this.recipes.ingredients[i].map((index) => this.names[index]);
  }
  groupOf(i) {
    return this.groups[this.recipes.group[i]];
  }
  get searching() {
    return this.terms.length > 0;
  }

  /** The nearest recipes by the learned distance, nearest first: [{row, distance}]. */
  nearest(i) {
    const rows = this.near.row[i] ?? [];
    return rows.map((row, index) => ({ row, distance: this.near.distance[i][index] }));
  }

  /** Row of a recipe by its id; -1 when it is on no map. */
  find(id) {
    return this.recipes.id.indexOf(id);
  }

  search(text) {
    this.terms = fold(text)
      .split(/[\s,;]+/)
      .filter(Boolean);
  }

  /** Recompute which recipes match, after a change of terms, groups or lasso. */
  filter() {
    const { chosen, terms, within } = this;
    for (let i = 0; i < this.total; i++) {
      this.shown[i] = chosen.size === 0 || chosen.has(this.recipes.group[i]) ? 1 : 0;
      this.lit[i] =
        this.shown[i] &&
        (!within || within.has(i)) &&
        terms.every((term) => this.haystack[i].includes(term))
          ? 1
          : 0;
    }
    this.order = this.byName.filter((i) => this.lit[i]);
  }

  /** A mark's opacity; 0 hides it. */
  opacity(i, dense) {
    if (this.lit[i]) return this.searching ? 1 : dense ? 0.75 : 0.92;
    if (dense && !this.shown[i]) return 0;
    return this.searching || this.within ? 0.12 : 0.07;
  }
}
