// Create or edit a recipe.
import { el } from "../shared/elements.js";
import { getJson, onSignIn, send } from "./api.js";
import { createCombobox } from "./combobox.js";
import { searchIngredients, showIngredient } from "./ingredient-search.js";
import { problemBox } from "./states.js";

const NAME_LENGTH = 200;
const TEXTS = ["name", "description", "instructions", "source", "source_url", "image_url"];

const edited = /^\/recipes\/(\d+)\/edit$/.exec(location.pathname)?.[1] ?? null;
const form = document.getElementById("recipe-form");
const rowBox = document.getElementById("rows");
const summary = document.getElementById("form-summary");
const save = document.getElementById("save");

let etag = null;
let units = [];
const rows = [];
let serial = 0;
let saved = "";
let leaving = false;

/** Tags as one text; a comma within a tag is escaped, so that it stays one tag. */
function joinTags(tags) {
  return tags.map((tag) => tag.replace(/[\\,]/g, "\\$&")).join(", ");
}

/** The tags of a text that joinTags made or a reader typed. */
function splitTags(text) {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? [])
    .map((tag) => tag.replace(/\\(.)/gs, "$1").trim())
    .filter(Boolean);
}

function addRow(line = null) {
  const key = serial++;
  const row = { ingredientId: line?.ingredient_id ?? null, name: line?.ingredient_name ?? "" };
  const { node: box, input } = createCombobox({
    id: `ingredient-${key}`,
    placeholder: "Ingredient",
    search: searchIngredients,
    show: showIngredient,
    choose: (item) => {
      row.ingredientId = item.id;
      row.name = item.name;
      input.dataset.chosen = "";
      clearRowError(row, "ingredient_id");
      queueMicrotask(() => amount.focus());
      return item.name;
    },
    typed: () => {
      row.ingredientId = null;
      delete input.dataset.chosen;
    },
  });
  input.value = row.name;
  if (row.ingredientId !== null) input.dataset.chosen = "";
  const amount = el("input", {
    id: `amount-${key}`,
    type: "text",
    inputMode: "decimal",
    autocomplete: "off",
    value: line?.amount == null ? "" : String(line.amount),
    oninput: () => clearRowError(row, "amount"),
  });
  const unit = el(
    "select",
    { id: `unit-${key}`, onchange: () => clearRowError(row, "unit_id") },
    el("option", { value: "", textContent: "–" }),
    ...units.map(({ id, name }) => el("option", { value: String(id), textContent: name })),
  );
  unit.value = line?.unit_id == null ? "" : String(line.unit_id);
  row.controls = { ingredient_id: input, amount, unit_id: unit };
  row.error = el("p", { className: "field-error", id: `row-error-${key}`, hidden: true });
  const remove = el("button", {
    type: "button",
    className: "remove",
    textContent: "×",
    onclick: () => {
      const index = rows.indexOf(row);
      rows.splice(index, 1);
      row.node.remove();
      number();
      (
        rows[Math.min(index, rows.length - 1)]?.controls.ingredient_id ??
        document.getElementById("add-row")
      ).focus();
    },
  });
  row.remove = remove;
  const label = (id, text) => el("label", { htmlFor: id, textContent: text });
  row.node = el(
    "li",
    { className: "line" },
    el("div", { className: "cell wide" }, label(input.id, "Ingredient"), box),
    el("div", { className: "cell" }, label(amount.id, "Amount"), amount),
    el("div", { className: "cell" }, label(unit.id, "Unit"), unit),
    remove,
    row.error,
  );
  rows.push(row);
  rowBox.append(row.node);
  number();
  return row;
}

/** Number the remove buttons, so that each has a distinct accessible name. */
function number() {
  for (const [index, row] of rows.entries()) {
    row.remove.setAttribute("aria-label", `Remove ingredient ${index + 1}`);
  }
}

function body() {
  const text = (name) => form.elements[name].value.trim();
  return {
    ...Object.fromEntries(TEXTS.map((name) => [name, text(name) || null])),
    ingredients: rows
      .filter((row) => !isBlank(row))
      .map(({ ingredientId, controls }) => ({
        ingredient_id: ingredientId,
        amount: readAmount(controls.amount.value),
        unit_id: controls.unit_id.value ? Number(controls.unit_id.value) : null,
      })),
    tags: [...new Set(splitTags(text("tags")))],
  };
}

/** Blank rows are ignored. */
function isBlank({ ingredientId, controls }) {
  return (
    ingredientId === null && !controls.ingredient_id.value.trim() && !controls.amount.value.trim()
  );
}

/** Parse 1.5, 1,5, 1/2 or 1 1/2; null for an empty field, NaN if it is not a number. */
function readAmount(text) {
  const written = text.trim().replace(",", ".");
  if (!written) return null;
  const [, whole, over, under] = /^(?:(\d+)\s+)?(\d+)\s*\/\s*(\d+)$/.exec(written) ?? [];
  if (under !== undefined)
    return Number(under) ? Number(whole ?? 0) + Number(over) / Number(under) : NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : NaN;
}

/** Client-side validation; the server validates again. */
function check() {
  const errors = [];
  const name = form.elements.name.value.trim();
  if (!name) errors.push({ field: "name", message: "A recipe needs a name." });
  else if (name.length > NAME_LENGTH)
    errors.push({
      field: "name",
      message: `The name has ${name.length} characters; the limit is ${NAME_LENGTH}.`,
    });
  rows
    .filter((row) => !isBlank(row))
    .forEach((row, index) => {
      const amount = readAmount(row.controls.amount.value);
      if (row.ingredientId === null)
        errors.push({
          field: `ingredients.${index}.ingredient_id`,
          message: "Choose an ingredient from the suggestions.",
        });
      if (Number.isNaN(amount))
        errors.push({
          field: `ingredients.${index}.amount`,
          message: "Enter a number, such as 30 or 1/2.",
        });
      else if (amount < 0)
        errors.push({
          field: `ingredients.${index}.amount`,
          message: "An amount can't be less than zero.",
        });
    });
  for (const field of ["source_url", "image_url"]) {
    const address = form.elements[field].value.trim();
    if (address && !(URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))) {
      errors.push({ field, message: "Enter a full URL that starts with http:// or https://." });
    }
  }
  return errors;
}

/** The control for a field name of the API, and the element that shows its error. */
function place(field) {
  const [first, index, part] = field.replace(/^body\./, "").split(/[.[\]/]+/);
  if (first === "ingredients" && index !== undefined) {
    const row = rows.filter((candidate) => !isBlank(candidate))[Number(index)];
    return row && { control: row.controls[part] ?? row.controls.ingredient_id, error: row.error };
  }
  const control = form.elements[first];
  return control && { control, error: document.getElementById(`${first}-error`) };
}

function clearErrors() {
  summary.replaceChildren();
  for (const error of form.querySelectorAll(".field-error")) {
    error.hidden = true;
    error.textContent = "";
  }
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

function clearRowError(row, part) {
  const control = row.controls[part];
  if (!control.hasAttribute("aria-invalid")) return;
  control.removeAttribute("aria-invalid");
  if (!Object.values(row.controls).some((other) => other.hasAttribute("aria-invalid")))
    row.error.hidden = true;
}

/** Show each error at its field and focus the first; errors without a field go above the form. */
function showErrors(errors, problem = null) {
  clearErrors();
  const general = [];
  let first = null;
  for (const { field, message, remedy = "" } of errors) {
    const found = place(field);
    if (!found?.error) {
      general.push({ field, message, remedy });
      continue;
    }
    const { control, error } = found;
    const text = `${message} ${remedy}`.trim();
    error.textContent = error.hidden ? text : `${error.textContent} ${text}`;
    error.hidden = false;
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", error.id);
    first ??= control;
  }
  if (problem && (general.length || !errors.length)) {
    const box = problemBox(problem);
    if (general.length) {
      box.append(
        el(
          "ul",
          {},
          ...general.map(({ field, message, remedy }) =>
            el("li", { textContent: `${field}: ${message} ${remedy}` }),
          ),
        ),
      );
    }
    summary.append(box);
    if (!first) summary.scrollIntoView({ block: "nearest" });
  }
  first?.focus();
}

function showConflict() {
  summary.replaceChildren(
    el(
      "div",
      { className: "problem", role: "alert" },
      el("strong", { textContent: "This recipe was changed while you were editing" }),
      el("p", {
        textContent:
          "Nothing was saved. Open the current version in another tab to merge the changes by hand, or load it here and discard yours.",
      }),
      el(
        "p",
        { className: "actions" },
        el("a", {
          className: "button",
          href: `/recipes/${edited}`,
          target: "_blank",
          rel: "noopener",
          textContent: "Open the current version",
        }),
        el("button", {
          type: "button",
          className: "button",
          textContent: "Load it here",
          onclick: () => {
            leaving = true;
            location.reload();
          },
        }),
      ),
    ),
  );
  summary.scrollIntoView({ block: "nearest" });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const errors = check();
  if (errors.length) {
    showErrors(errors);
    return;
  }
  clearErrors();
  save.disabled = true;
  const label = save.textContent;
  save.textContent = "Saving…";
  try {
    const { body: recipe } = edited
      ? await send("PUT", `recipes/${edited}`, { body: body(), ifMatch: etag })
      : await send("POST", "recipes", { body: body() });
    leaving = true;
    sessionStorage.setItem("notice", "Saved. Maps and relatives update with the next refresh.");
    location.assign(`/recipes/${recipe?.id ?? edited}`);
  } catch (error) {
    save.disabled = false;
    save.textContent = label;
    if (error.status === 412) showConflict();
    else showErrors(error.errors ?? [], error);
  }
});

addEventListener("beforeunload", (event) => {
  if (!leaving && JSON.stringify(body()) !== saved) event.preventDefault();
});
document
  .getElementById("add-row")
  .addEventListener("click", () => addRow().controls.ingredient_id.focus());
form.addEventListener("input", ({ target }) => {
  const error = target.name && document.getElementById(`${target.name}-error`);
  if (error && target.hasAttribute("aria-invalid")) {
    target.removeAttribute("aria-invalid");
    error.hidden = true;
  }
});

async function allUnits() {
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

async function start() {
  form.setAttribute("aria-busy", "true");
  try {
    const [known, current] = await Promise.all([
      allUnits(),
      edited ? send("GET", `recipes/${edited}`) : null,
    ]);
    units = known;
    rowBox.replaceChildren();
    if (current) {
      const recipe = current.body;
      etag = current.etag;
      document.getElementById("edit-title").textContent = `Edit ${recipe.name}`;
      document.title = `Edit ${recipe.name} – ${document.title.split(" – ").at(-1)}`;
      document.getElementById("cancel").href = `/recipes/${edited}`;
      for (const name of TEXTS) form.elements[name].value = recipe[name] ?? "";
      form.elements.tags.value = joinTags(recipe.tags);
      recipe.ingredients.forEach(addRow);
    } else {
      for (let i = 0; i < 3; i++) addRow();
    }
    saved = JSON.stringify(body());
    form.hidden = false;
  } catch (error) {
    form.hidden = true;
    summary.replaceChildren(problemBox(error, start));
  }
  form.removeAttribute("aria-busy");
}
onSignIn((signedIn) => {
  document.getElementById("no-token").hidden = signedIn;
});
start();
