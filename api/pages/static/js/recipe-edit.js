// Create or edit a recipe.
import { onSignIn, send } from "./api.js";
import { check, clearErrors, showConflict, showErrors } from "./recipe-check.js";
import { createRows, readRow } from "./recipe-rows.js";
import { problemBox } from "./states.js";
import { loadUnits } from "./units.js";

const TEXTS = ["name", "description", "instructions", "source", "source_url", "image_url"];

const edited = /^\/recipes\/(\d+)\/edit$/.exec(location.pathname)?.[1] ?? null;
const form = document.getElementById("recipe-form");
const addButton = document.getElementById("add-row");
const rows = createRows(document.getElementById("rows"), addButton);
const summary = document.getElementById("form-summary");
const save = document.getElementById("save");

let etag = null;
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

function body() {
  const text = (name) => form.elements[name].value.trim();
  return {
    ...Object.fromEntries(TEXTS.map((name) => [name, text(name) || null])),
    ingredients: rows.filled().map(readRow),
    tags: [...new Set(splitTags(text("tags")))],
  };
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = { form, rows: rows.filled(), summary };
  const errors = check(form, shown.rows);
  if (errors.length) {
    showErrors(shown, errors);
    return;
  }
  clearErrors(form, summary);
  save.disabled = true;
  const label = save.textContent;
  save.textContent = "Saving…";
  try {
    await rows.createUnits();
    const { body: recipe } = edited
      ? await send("PUT", `recipes/${edited}`, { body: body(), ifMatch: etag })
      : await send("POST", "recipes", { body: body() });
    leaving = true;
    sessionStorage.setItem("notice", "Saved. Maps and relatives update with the next refresh.");
    location.assign(`/recipes/${recipe?.id ?? edited}`);
  } catch (error) {
    save.disabled = false;
    save.textContent = label;
    if (error.status === 412) showConflict(summary, edited, reload);
    else showErrors(shown, error.errors ?? [], error);
  }
});

function reload() {
  leaving = true;
  location.reload();
}

addEventListener("beforeunload", (event) => {
  if (!leaving && JSON.stringify(body()) !== saved) event.preventDefault();
});
addButton.addEventListener("click", () => rows.add().controls.ingredient_id.focus());
form.addEventListener("input", ({ target }) => {
  const error = target.name && document.getElementById(`${target.name}-error`);
  if (error && target.hasAttribute("aria-invalid")) {
    target.removeAttribute("aria-invalid");
    error.hidden = true;
  }
});

async function start() {
  form.setAttribute("aria-busy", "true");
  try {
    const [known, current] = await Promise.all([
      loadUnits(),
      edited ? send("GET", `recipes/${edited}`) : null,
    ]);
    rows.reset(known);
    if (current) {
      const recipe = current.body;
      etag = current.etag;
      document.getElementById("edit-title").textContent = `Edit ${recipe.name}`;
      document.title = `Edit ${recipe.name} – ${document.title.split(" – ").at(-1)}`;
      document.getElementById("cancel").href = `/recipes/${edited}`;
      for (const name of TEXTS) form.elements[name].value = recipe[name] ?? "";
      form.elements.tags.value = joinTags(recipe.tags);
      for (const line of recipe.ingredients) rows.add(line);
    } else {
      for (let i = 0; i < 3; i++) rows.add();
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
