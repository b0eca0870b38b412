// The recipes of the maps and the state that maps and lists share: search, filters, lasso, selection.
import { buildFields } from "./fields.js";

/** What a shelf makes of a recipe. */
export const REACH = { rest: 0, away: 1, makeable: 2 };

export class AtlasModel {
  /** @param data what `api/analysis/atlas.py` builds; @param facts ratings and tags (`setFacts`) */
  constructor(data, facts = {}) {
    this.recipes = data.recipes;
    this.groups = data.groups;
    this.names = data.names;
    this.tree = data.tree ?? [];
    this.distance = data.distance ?? "learned";
    this.near = data.near ?? { row: [], distance: [] };
    this.maps = new Map(data.maps.map((map) => [map.key, map]));
    this.total = data.recipes.id.length;
    this.rowOf = new Map(data.recipes.id.map((id, row) => [id, row]));
    this.matches = null; // rows that the search found, the best first, or null
    this.filters = new Map(); // a field's key -> Set of classes
    this.within = null; // Set of recipes inside the lasso, or null
    this.reach = null; // by recipe, a value of REACH; null without a shelf
    this.facts = {};
    this.hover = -1;
    this.selected = -1;
    this.shown = new Uint8Array(this.total); // passes the filters
    this.lit = new Uint8Array(this.total); // passes everything
    const { compare } = new Intl.Collator("en");
    this.byName = d3
      .range(this.total)
      .sort(
        (a, b) =>
          compare(this.recipes.name[a], this.recipes.name[b]) ||
          this.recipes.id[a] - this.recipes.id[b],
      );
    this.setFacts(facts);
  }

  ingredientsOf(i) {
    return this.recipes.ingredients[i].map((index) => this.names[index]);
  }
  /** A recipe's base spirit. */
  groupOf(i) {
    return this.fields[0].classes[this.fields[0].of[i]];
  }
  /** A recipe's class in the field that colors the map. */
  classOf(i) {
    return this.field.classes[this.field.of[i]];
  }
  get searching() {
    return this.matches !== null;
  }
  /** Whether a few recipes are picked out of all: by a search or the lasso. */
  get picked() {
    return this.searching || this.within !== null;
  }
  get filtering() {
    return this.filters.size > 0;
  }

  /** The nearest recipes by the learned distance, nearest first: [{row, distance}]. */
  nearest(i) {
    const rows = this.near.row[i] ?? [];
    return rows.map((row, index) => ({ row, distance: this.near.distance[i][index] }));
  }

  /** Row of a recipe by its id; -1 when it is on no map. */
  find(id) {
    return this.rowOf.get(id) ?? -1;
  }

  /** Ratings and tags: {id, rating, tags} in columns. */
  setFacts({ id = [], rating = [], tags = [] }) {
    this.facts = { rating: Array(this.total).fill(null), tags: Array(this.total).fill([]) };
    for (const [at, one] of id.entries()) {
      const row = this.find(one);
      if (row < 0) continue;
      this.facts.rating[row] = rating[at];
      this.facts.tags[row] = tags[at];
    }
    this.fields = buildFields(this, this.facts);
    this.colorBy(this.field?.key);
    this.filter();
  }

  fieldOf(key) {
    return this.fields.find((field) => field.key === key);
  }

  /** Color by a field; by the base spirit if there is no such field. */
  colorBy(key) {
    this.field = this.fieldOf(key) ?? this.fields[0];
  }

  /** Keep the recipes of some classes of a field; an empty choice removes the filter. */
  setFilter(key, classes) {
    const chosen = new Set(classes);
    if (chosen.size) this.filters.set(key, chosen);
    else this.filters.delete(key);
  }

  /** Add a class to a field's filter, or take it out. */
  toggleFilter(key, index) {
    const chosen = new Set(this.filters.get(key));
    if (!chosen.delete(index)) chosen.add(index);
    this.setFilter(key, chosen);
  }

  /**
   * Recompute which recipes match, after a change of search, filters or lasso, and each field's
   * `counts`: its recipes by class that pass everything but the field's own filter.
   */
  filter() {
    const { filters, matches, within } = this;
    const found = matches && new Set(matches);
    for (const field of this.fields) field.counts = new Uint32Array(field.classes.length);
    for (let i = 0; i < this.total; i++) {
      let failed = null;
      let failures = 0;
      for (const field of this.fields) {
        const chosen = filters.get(field.key);
        if (!chosen || chosen.has(field.of[i])) continue;
        failures += 1;
        failed = field;
      }
      const picked = (!within || within.has(i)) && (!found || found.has(i));
      this.shown[i] = failures === 0 ? 1 : 0;
      this.lit[i] = failures === 0 && picked ? 1 : 0;
      if (!picked || failures > 1) continue;
      for (const field of failed ? [failed] : this.fields) field.counts[field.of[i]] += 1;
    }
    this.order = (matches ?? this.byName).filter((i) => this.lit[i]);
  }

  /** Whether a mark is larger and above the others: it matches, and the shelf reaches it. */
  raised(i) {
    return Boolean(this.lit[i] && (!this.reach || this.reach[i]));
  }

  /** A mark's opacity; 0 hides it. */
  opacity(i, dense) {
    if (!this.lit[i]) return dense && !this.shown[i] ? 0 : this.picked ? 0.12 : 0.07;
    if (this.reach && this.reach[i] === REACH.rest) return 0.16;
    return this.searching ? 1 : dense ? 0.75 : 0.92;
  }
}
