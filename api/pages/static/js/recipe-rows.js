// The ingredient rows of the recipe form.
import { el, fold } from "../shared/elements.js";
import { editAmount, readAmount } from "./amounts.js";
import { createCombobox } from "./combobox.js";
import { searchIngredients, showIngredient } from "./ingredient-search.js";
import { askForIngredient } from "./new-ingredient.js";
import { createUnit, missingUnits } from "./units.js";

/**
 * The rows of a form.
 *
 * @param {HTMLElement} box their list
 * @param {HTMLElement} addButton takes the focus when no row is left
 */
export function createRows(box, addButton) {
  const rows = [];
  let units = [];
  let serial = 0;

  function add(line = null) {
    const row = createRow(serial++, line, units);
    row.remove.addEventListener("click", () => {
      const index = rows.indexOf(row);
      rows.splice(index, 1);
      row.node.remove();
      number();
      (rows[Math.min(index, rows.length - 1)]?.controls.ingredient_id ?? addButton).focus();
    });
    rows.push(row);
    box.append(row.node);
    number();
    return row;
  }

  /** Number the remove buttons, so that each has a distinct accessible name. */
  function number() {
    for (const [index, row] of rows.entries()) {
      row.remove.setAttribute("aria-label", `Remove ingredient ${index + 1}`);
    }
  }

  return {
    add,
    /** Create the units that the rows use and the bar does not have. */
    async createUnits() {
      for (const { controls } of rows) {
        const name = controls.unit_id.value;
        if (!name || /^\d+$/.test(name)) continue;
        const { id } = await createUnit(name);
        for (const other of rows) {
          const option = [...other.controls.unit_id.options].find(({ value }) => value === name);
          if (option) option.value = String(id);
        }
      }
    },
    /** The rows that hold anything; blank ones are ignored. */
    filled: () => rows.filter((row) => !isBlank(row)),
    /** Remove every row, and offer these units from now on. */
    reset(known) {
      units = known;
      rows.length = 0;
      box.replaceChildren();
    },
  };
}

/** What a row says, as the API takes it; the amount is NaN if it is no number. */
export function readRow({ ingredientId, controls, given }) {
  const text = controls.amount.value;
  const unit = controls.unit_id.value;
  return {
    ingredient_id: ingredientId,
    // 0.1666667 is shown as 1/6: what was not edited stays as it was.
    amount: text === given.text ? given.amount : readAmount(text),
    // A unit that does not exist yet is a name until createUnits() has run.
    unit_id: /^\d+$/.test(unit) ? Number(unit) : unit || null,
  };
}

function isBlank({ ingredientId, controls }) {
  return (
    ingredientId === null && !controls.ingredient_id.value.trim() && !controls.amount.value.trim()
  );
}

function createRow(key, line, units) {
  const row = { ingredientId: line?.ingredient_id ?? null };
  const { node: box, input } = createCombobox({
    id: `ingredient-${key}`,
    placeholder: "Ingredient",
    search: searchOrCreate,
    show: (item) =>
      item.id === null
        ? { name: `Create “${item.name}”`, note: "new ingredient" }
        : showIngredient(item),
    choose: (item) => {
      if (item.id === null) create(item.name);
      else take(item);
      return item.name;
    },
    typed: () => {
      row.ingredientId = null;
      delete input.dataset.chosen;
    },
  });

  function take(item) {
    row.ingredientId = item.id;
    input.value = item.name;
    input.dataset.chosen = "";
    clearRowError(row, "ingredient_id");
    queueMicrotask(() => amount.focus());
  }

  async function create(name) {
    const made = await askForIngredient(name);
    if (made) take(made);
    else input.focus();
  }

  const unitOf = new Map(units.map((unit) => [unit.id, unit]));
  const amountText = editAmount(line?.amount ?? null, unitOf.get(line?.unit_id) ?? null);
  const amount = el("input", {
    id: `amount-${key}`,
    type: "text",
    inputMode: "decimal",
    autocomplete: "off",
    value: amountText,
    oninput: () => clearRowError(row, "amount"),
  });
  const unit = el(
    "select",
    { id: `unit-${key}`, onchange: () => clearRowError(row, "unit_id") },
    el("option", { value: "", textContent: "–" }),
    ...units.map(({ id, name }) => el("option", { value: String(id), textContent: name })),
    ...moreUnits(units),
  );
  unit.value = line?.unit_id == null ? "" : String(line.unit_id);
  if (line) {
    input.value = line.ingredient_name;
    input.dataset.chosen = "";
  }
  row.given = { text: amountText, amount: line?.amount ?? null };
  row.controls = { ingredient_id: input, amount, unit_id: unit };
  row.error = el("p", { className: "field-error", id: `row-error-${key}`, hidden: true });
  row.remove = el("button", { type: "button", className: "remove", textContent: "×" });
  const label = (id, text) => el("label", { htmlFor: id, textContent: text });
  row.node = el(
    "li",
    { className: "line" },
    el("div", { className: "cell wide" }, label(input.id, "Ingredient"), box),
    el("div", { className: "cell" }, label(amount.id, "Amount"), amount),
    el("div", { className: "cell" }, label(unit.id, "Unit"), unit),
    row.remove,
    row.error,
  );
  return row;
}

/** The usual units that the bar lacks, to be created when a recipe uses them. */
function moreUnits(units) {
  const more = missingUnits(units).map(({ name }) =>
    el("option", { value: name, textContent: name }),
  );
  return more.length ? [el("optgroup", { label: "More units" }, ...more)] : [];
}

/** Ingredients by name; last the offer to create one, unless one is called just that. */
async function searchOrCreate(text, signal) {
  const found = await searchIngredients(text, signal);
  const same = (item) => fold(item.name) === fold(text);
  return found.some(same) ? found : [...found, { id: null, name: text }];
}

function clearRowError(row, part) {
  const control = row.controls[part];
  if (!control.hasAttribute("aria-invalid")) return;
  control.removeAttribute("aria-invalid");
  if (!Object.values(row.controls).some((other) => other.hasAttribute("aria-invalid")))
    row.error.hidden = true;
}
