// The ingredients of a recipe, in the amounts that the reader wants to see.
import { el } from "../shared/elements.js";
import { readStyle, STYLES, saveStyle, writeLines } from "./amounts.js";

const MOST_DRINKS = 200;

/** A selection of how amounts are shown, kept in this browser. */
export function createStyleChoice(changed) {
  const choice = el(
    "select",
    { id: "amount-style" },
    ...STYLES.map(([value, label]) => el("option", { value, textContent: label })),
  );
  choice.value = readStyle();
  choice.addEventListener("change", () => {
    saveStyle(choice.value);
    changed(choice.value);
  });
  return el(
    "div",
    { className: "field" },
    el("label", { htmlFor: choice.id, textContent: "Amounts" }),
    choice,
  );
}

/**
 * A table of a recipe's lines with a total, and controls for its units and the number of drinks.
 *
 * @param {object} recipe
 * @param {object[]} units
 * @param {(style: string) => void} styled called with the style of the amounts when it changes
 */
export function createIngredientTable(recipe, units, styled) {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const lines = recipe.ingredients.map((line) => ({
    ...line,
    // Where the units could not be read, a line still has the name of its own.
    unit:
      byId.get(line.unit_id) ??
      (line.unit_name && { name: line.unit_name, abbreviation: null, conversion_to_ml: null }),
  }));
  const rows = lines.map(row);
  fillBars(rows, lines);
  const total = el("td", { className: "number" });
  const drinks = el("input", {
    id: "drinks",
    type: "number",
    min: "1",
    max: String(MOST_DRINKS),
    value: "1",
    inputMode: "numeric",
  });

  function write() {
    const wanted = Math.round(Number(drinks.value));
    const times = Math.min(Math.max(wanted || 1, 1), MOST_DRINKS);
    const shown = writeLines(lines, readStyle(), times);
    for (const [index, { text, volume }] of shown.rows.entries()) {
      rows[index].firstChild.textContent = text;
      rows[index].lastChild.textContent = volume;
    }
    total.textContent = shown.total;
  }

  drinks.addEventListener("input", write);
  const style = createStyleChoice((chosen) => {
    write();
    styled(chosen);
  });
  write();
  return el(
    "div",
    {},
    el(
      "div",
      { className: "amount-tools no-print" },
      style,
      el(
        "div",
        { className: "field" },
        el("label", { htmlFor: drinks.id, textContent: "Drinks" }),
        drinks,
      ),
    ),
    table(rows, total),
  );
}

function row(line) {
  return el(
    "tr",
    {},
    el("td", { className: "amount" }),
    el(
      "th",
      { scope: "row" },
      el("a", {
        href: `/substitutes?ingredient=${line.ingredient_id}`,
        title: `Substitutes for ${line.ingredient_name}`,
        textContent: line.ingredient_name,
      }),
      el("span", { className: "volume-bar", "aria-hidden": "true" }, el("span")),
    ),
    el("td", { className: "number" }),
  );
}

/** Bars compare volumes within a drink, so they are the same for any number of drinks. */
function fillBars(rows, lines) {
  const largest = Math.max(...lines.map((line) => line.volume_ml ?? 0), 0);
  for (const [index, { volume_ml: ml }] of lines.entries()) {
    const bar = rows[index].querySelector(".volume-bar span");
    bar.style.width = largest ? `${(100 * (ml ?? 0)) / largest}%` : "0";
  }
}

function table(rows, total) {
  const heading = (text) => el("th", { scope: "col", textContent: text });
  return el(
    "table",
    { className: "ingredients" },
    el("caption", { className: "hidden-visually", textContent: "Ingredients" }),
    el(
      "thead",
      { className: "hidden-visually" },
      el("tr", {}, heading("Amount"), heading("Ingredient"), heading("Volume")),
    ),
    el("tbody", {}, ...rows),
    el(
      "tfoot",
      {},
      el("tr", {}, el("td"), el("th", { scope: "row", textContent: "Total" }), total),
    ),
  );
}
