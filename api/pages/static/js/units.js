// The units of the database.
import { fold } from "../shared/elements.js";
import { getJson, send } from "./api.js";

/** Units that every bar uses, as in api/db/taxonomy/units.csv: name, abbreviation, milliliters. */
export const USUAL = [
  ["Ounce", "oz", 29.5735],
  ["Milliliter", "ml", 1],
  ["Centiliter", "cl", 10],
  ["Teaspoon", "tsp", 4.92892],
  ["Tablespoon", "tbsp", 14.7868],
  ["Barspoon", "bsp", 2.46446],
  ["Dash", "dash", 0.616115],
  ["Drop", "drop", 0.05],
  ["Each", "each", null],
  ["Leaf", null, null],
  ["Slice", null, null],
  ["to top", "top", null],
  ["to rinse", "rinse", null],
].map(([name, abbreviation, ml]) => ({ name, abbreviation, conversion_to_ml: ml }));

/** The usual units that a bar does not have. */
export function missingUnits(units) {
  const known = new Set(units.map((unit) => fold(unit.name)));
  return USUAL.filter((unit) => !known.has(fold(unit.name)));
}

/** Create a usual unit; returns it with its ID. */
export async function createUnit(name) {
  return (await send("POST", "units", { body: USUAL.find((unit) => unit.name === name) })).body;
}

/** Every unit, by name. */
export async function loadUnits() {
  const found = [];
  let cursor = null;
  do {
    const params = { limit: 100, ...(cursor && { cursor }) };
    const page = await getJson("units", { params });
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}
