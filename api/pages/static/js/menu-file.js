// A menu as text: the lines of its card, and a CSV file for spreadsheets.
import { writeLines } from "./amounts.js";

/** As api/db/exchange/formulas.py: what a spreadsheet would run gets an apostrophe in front. */
const FORMULA = /^'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/;

/** The ingredients of a recipe in one line, such as "1 oz Gin, 1 oz Campari"; without a style, names. */
export function cardLine(recipe, units, style) {
  const texts = style ? amounts(recipe, units, style) : [];
  return (
    recipe.ingredients
      // A line of the card breaks between ingredients, not within an amount.
      .map((line, index) =>
        `${(texts[index] ?? "").replaceAll(" ", "\u00a0")} ${line.ingredient_name}`.trim(),
      )
      .join(", ")
  );
}

/** A menu as CSV (RFC 4180), one row a line of a recipe, with the site's address of each. */
export function menuCsv(recipes, units, style, origin) {
  const rows = recipes.flatMap((recipe) => {
    const texts = amounts(recipe, units, style || "written");
    return recipe.ingredients.map((line, index) => [
      recipe.name,
      texts[index],
      line.ingredient_name,
      `${origin}/recipes/${recipe.id}`,
    ]);
  });
  return [["drink", "amount", "ingredient", "link"], ...rows]
    .map((row) => `${row.map(cell).join(",")}\r\n`)
    .join("");
}

function amounts(recipe, units, style) {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const lines = recipe.ingredients.map((line) => ({
    ...line,
    unit: byId.get(line.unit_id) ?? null,
  }));
  return writeLines(lines, style).rows.map(({ text }) => (text === "–" ? "" : text));
}

function cell(text) {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
