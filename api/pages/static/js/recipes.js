// The search for recipes. What is asked for stands in the address, so it can be sent to somebody.
import { count, el } from "../shared/elements.js";
import { getJson } from "./api.js";
import { createIngredientPicker } from "./ingredient-search.js";
import { problemBox, skeletonRows } from "./states.js";

const PAGE = 30;
const TYPING_MS = 250;

const form = document.getElementById("filters");
const refine = document.getElementById("refine");
const query = document.getElementById("q");
const tagBox = document.getElementById("tags");
const results = document.getElementById("results");
const status = document.getElementById("results-status");
const more = document.getElementById("more");
const message = document.getElementById("results-message");
const clear = document.getElementById("clear");
const lacking = document.getElementById("missing");

/** Parameter of the address and of the API, and what the picker says. */
const PICKERS = [
  ["ingredient", "find", "With all of", "Each with its kinds: “Rum” finds Jamaican rum."],
  ["any_ingredient", "find", "With any of", "At least one of them."],
  ["not_ingredient", "find", "Without", "None of them."],
  ["have", "make", "What is in the bar", "A bottle serves for its whole family: Tanqueray where gin is asked for."],
];
const pickers = new Map(PICKERS.map(([name, mode, label, hint]) => {
  const picker = createIngredientPicker({ id: `pick-${name}`, label, hint, changed: () => changed("push") });
  document.getElementById(`${mode}-pickers`).append(picker.node);
  return [name, picker];
}));

let tags = new Set();
let running = null;
let cursor = null;

function mode() {
  return form.elements.mode.value;
}

/** What the form asks for, as parameters of the API. */
function asked() {
  const params = new URLSearchParams();
  if (query.value.trim()) params.set("q", query.value.trim());
  for (const [name, pickerMode] of PICKERS) {
    if (pickerMode !== mode()) continue;
    for (const id of pickers.get(name).ids()) params.append(name, id);
  }
  if (params.has("have") && lacking.value !== "0") params.set("missing", lacking.value);
  for (const tag of tags) params.append("tag", tag);
  return params;
}

function changed(how) {
  const params = asked();
  if (mode() === "make") params.set("mode", "make");
  const address = params.size ? `?${params}` : location.pathname;
  history[how === "push" ? "pushState" : "replaceState"](null, "", address);
  load();
}

/** Bring the form into the state that the address tells. */
function restore() {
  const params = new URLSearchParams(location.search);
  query.value = params.get("q") ?? "";
  const make = params.has("have") || params.get("mode") === "make";
  form.elements.mode.value = make ? "make" : "find";
  lacking.value = /^[0-3]$/.test(params.get("missing") ?? "") ? params.get("missing") : "0";
  const wanted = PICKERS.map(([name]) => {
    const ids = params.getAll(name).map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
    return pickers.get(name).set([...new Set(ids)]);
  });
  tags = new Set(params.getAll("tag"));
  showTags();
  if (matchMedia("(min-width: 900px)").matches || params.size) refine.open = true;
  load();
  return Promise.all(wanted);
}

function showMode() {
  for (const part of ["find", "make"]) {
    document.getElementById(`${part}-pickers`).hidden = part !== mode();
  }
}

async function load() {
  showMode();
  running?.abort();
  running = new AbortController();
  const params = asked();
  clear.hidden = !params.size;
  message.replaceChildren();
  more.hidden = true;
  if (mode() === "make" && !params.has("have")) {
    results.replaceChildren();
    status.textContent = "Name what is in the bar to see what it makes.";
    return;
  }
  if (!results.children.length) results.replaceChildren(...skeletonRows(8));
  results.setAttribute("aria-busy", "true");
  try {
    const page = await fetchPage(params, null);
    results.replaceChildren(...page.items.map(card));
    showEnd(page);
    if (!page.items.length) message.replaceChildren(empty());
  } catch (error) {
    if (error.name === "AbortError") return;
    results.replaceChildren();
    status.textContent = "";
    message.replaceChildren(problemBox(error, load));
  }
  results.removeAttribute("aria-busy");
}

function fetchPage(params, from) {
  const all = Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)]));
  return getJson("recipes", { params: { ...all, limit: PAGE, cursor: from }, signal: running.signal });
}

function showEnd(page) {
  cursor = page.next_cursor;
  more.hidden = !cursor;
  more.disabled = false;
  const shown = results.children.length;
  status.textContent = shown
    ? cursor ? `${count(shown, "recipe", "recipes")} shown, there are more` : count(shown, "recipe", "recipes")
    : "";
}

more.addEventListener("click", async () => {
  more.disabled = true;
  const first = results.children.length;
  try {
    const page = await fetchPage(asked(), cursor);
    results.append(...page.items.map(card));
    showEnd(page);
    // Reading goes on where the list did.
    results.children[first]?.querySelector("a").focus({ preventScroll: true });
  } catch (error) {
    if (error.name === "AbortError") return;
    more.disabled = false;
    message.replaceChildren(problemBox(error));
  }
});

function card(recipe) {
  const missing = recipe.missing ?? [];
  const lacks = new Set(missing);
  const contents = el("p", { className: "contents-line" });
  recipe.ingredients.forEach((name, index) => {
    if (index) contents.append(", ");
    contents.append(lacks.has(name) ? el("s", { textContent: name }) : name);
  });
  const item = el("li", { className: "recipe-card" },
    el("h3", {}, el("a", { href: `/recipes/${recipe.id}`, textContent: recipe.name })), contents);
  if (recipe.missing) {
    item.append(missing.length
      ? el("p", { className: "missing" }, el("strong", { textContent: `${missing.length} missing: ` }), missing.join(", "))
      : el("p", { className: "missing none", textContent: "Nothing missing" }));
  }
  const { average, count: voters } = recipe.rating ?? {};
  if (recipe.tags.length || voters) {
    const foot = el("p", { className: "card-foot" });
    if (voters) {
      foot.append(el("span", { className: "stars", textContent: `★ ${average.toFixed(1)}`,
        title: `${average.toFixed(1)} of 5, ${count(voters, "rating", "ratings")}` }));
    }
    for (const tag of recipe.tags) foot.append(el("span", { className: "tag", textContent: tag }));
    item.append(foot);
  }
  return item;
}

function empty() {
  const params = asked();
  const some = params.size > 0;
  if (params.has("have") && lacking.value !== "3") {
    const more = String(Number(lacking.value) + 1);
    return el("div", { className: "empty" },
      el("p", { textContent: lacking.value === "0" ? "Nothing can be made from these alone."
        : `Nothing can be made from these, even where ${count(Number(lacking.value), "ingredient is", "ingredients are")} missing.` }),
      el("button", { type: "button", className: "more",
        textContent: `Allow ${count(Number(more), "missing ingredient", "missing ingredients")}`,
        onclick: () => {
          lacking.value = more;
          changed("push");
          lacking.focus();
        } }));
  }
  return el("div", { className: "empty" },
    el("p", { textContent: some
      ? "No recipe answers to all of this. Take something away, or look for a wider family: “Rum” instead of one rum."
      : "There are no recipes yet." }),
    some
      ? el("button", { type: "button", className: "more", textContent: "Clear the search", onclick: reset })
      : el("a", { href: "/recipes/new", textContent: "Write the first one" }));
}

function reset() {
  history.pushState(null, "", location.pathname);
  restore();
  query.focus();
}

function showTags() {
  for (const chip of tagBox.children) {
    chip.setAttribute("aria-pressed", String(tags.has(chip.dataset.tag)));
  }
}

async function loadTags() {
  const { items } = await getJson("tags", { params: { limit: 100 } });
  const names = [...new Set([...tags, ...items.map((tag) => tag.name)])];
  tagBox.replaceChildren(...names.map((name) => {
    const chip = el("button", { type: "button", className: "chip", textContent: name,
      onclick: () => {
        if (!tags.delete(name)) tags.add(name);
        showTags();
        changed("push");
      } });
    chip.dataset.tag = name;
    return chip;
  }));
  document.getElementById("tag-field").hidden = !names.length;
  showTags();
}

/** What the page before left to say, such as that a recipe is deleted. */
function showNotice() {
  const text = sessionStorage.getItem("notice");
  sessionStorage.removeItem("notice");
  if (text) document.getElementById("notice").replaceChildren(el("p", { className: "done", role: "status", textContent: text }));
}

let typing = 0;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => changed("replace"), TYPING_MS);
});
form.addEventListener("change", (event) => {
  if (["mode", "missing"].includes(event.target.name)) changed("push");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  changed("push");
});
clear.addEventListener("click", reset);
addEventListener("popstate", restore);
showNotice();
restore();
loadTags().catch(() => { /* Without tags the rest of the search still serves. */ });
