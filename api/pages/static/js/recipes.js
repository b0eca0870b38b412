// Recipe search. The query is in the URL, so that it can be shared.
import { count, el } from "../shared/elements.js";
import { getJson } from "./api.js";
import { drawFirstSteps } from "./first-steps.js";
import { createIngredientPicker } from "./ingredient-search.js";
import { focusOnSlash } from "./shell.js";
import { problemBox, showNotice, skeletonRows } from "./states.js";

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

/** Query parameter, mode, label and hint of each picker. */
const PICKERS = [
  ["ingredient", "find", "With all of", "Includes kinds: “Rum” finds Jamaican rum."],
  ["any_ingredient", "find", "With any of", "At least one of them."],
  ["not_ingredient", "find", "Without", "None of them."],
  [
    "have",
    "make",
    "Your bottles",
    "A bottle covers its family: Tanqueray works where a recipe calls for gin.",
  ],
];
const pickers = new Map(
  PICKERS.map(([name, mode, label, hint]) => {
    const picker = createIngredientPicker({
      id: `pick-${name}`,
      label,
      hint,
      changed: () => changed("push"),
    });
    document.getElementById(`${mode}-pickers`).append(picker.node);
    return [name, picker];
  }),
);

let tags = new Set();
let running = null;
let cursor = null;

function mode() {
  return form.elements.mode.value;
}

/** The form's query, as API parameters. */
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

/** Restore the form from the URL. */
function restore() {
  const params = new URLSearchParams(location.search);
  query.value = params.get("q") ?? "";
  const make = params.has("have") || params.get("mode") === "make";
  form.elements.mode.value = make ? "make" : "find";
  lacking.value = /^[0-3]$/.test(params.get("missing") ?? "") ? params.get("missing") : "0";
  const wanted = PICKERS.map(([name]) => {
    const ids = params
      .getAll(name)
      .map(Number)
      .filter((id) => Number.isSafeInteger(id) && id > 0);
    return pickers.get(name).set([...new Set(ids)]);
  });
  tags = new Set(params.getAll("tag"));
  showTags();
  // On a phone the results of a link are on the first screen, not what they were asked with.
  if (matchMedia("(min-width: 900px)").matches) refine.open = true;
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
    status.textContent = "Add your bottles to see what you can make.";
    return;
  }
  if (adoptServed(params)) return;
  if (!results.children.length) results.replaceChildren(...skeletonRows(8));
  results.setAttribute("aria-busy", "true");
  try {
    const page = await fetchPage(params, null);
    results.replaceChildren(...page.items.map(card));
    showFound(params, page.next_cursor);
  } catch (error) {
    if (error.name === "AbortError") return;
    results.replaceChildren();
    status.textContent = "";
    message.replaceChildren(problemBox(error, load));
  }
  results.removeAttribute("aria-busy");
}

/** Take over the rows that the server has rendered for this address; whether there were any. */
function adoptServed(params) {
  const { served, next } = results.dataset;
  delete results.dataset.served;
  // Offline, the page kept for another search may stand in.
  if (served !== location.search.slice(1)) return false;
  showFound(params, next || null);
  return true;
}

function showFound(params, next) {
  showEnd(next);
  if (!results.children.length)
    message.replaceChildren(params.size ? noMatches(params) : drawFirstSteps());
}

function fetchPage(params, from) {
  const all = Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)]));
  return getJson("recipes", {
    params: { ...all, limit: PAGE, cursor: from },
    signal: running.signal,
  });
}

function showEnd(next) {
  cursor = next;
  more.hidden = !cursor;
  more.disabled = false;
  const shown = results.children.length;
  status.textContent = shown
    ? cursor
      ? `${count(shown, "recipe", "recipes")} shown; more below`
      : count(shown, "recipe", "recipes")
    : "";
}

more.addEventListener("click", async () => {
  more.disabled = true;
  const first = results.children.length;
  try {
    const page = await fetchPage(asked(), cursor);
    results.append(...page.items.map(card));
    showEnd(page.next_cursor);
    // Move focus to the first new item.
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
  const item = el(
    "li",
    { className: "recipe-card" },
    el("h3", {}, el("a", { href: `/recipes/${recipe.id}`, textContent: recipe.name })),
    contents,
  );
  if (recipe.missing) {
    item.append(
      missing.length
        ? el(
            "p",
            { className: "missing" },
            el("strong", { textContent: `${missing.length} missing: ` }),
            missing.join(", "),
          )
        : el("p", { className: "missing none", textContent: "Nothing missing" }),
    );
  }
  const { average, count: voters } = recipe.rating ?? {};
  if (recipe.tags.length || voters) {
    const foot = el("p", { className: "card-foot" });
    if (voters) {
      foot.append(
        el("span", {
          className: "stars",
          textContent: `★ ${average.toFixed(1)}`,
          title: `${average.toFixed(1)} of 5, ${count(voters, "rating", "ratings")}`,
        }),
      );
    }
    for (const tag of recipe.tags) foot.append(el("span", { className: "tag", textContent: tag }));
    item.append(foot);
  }
  return item;
}

function noMatches(params) {
  if (params.has("have") && lacking.value !== "3") {
    const more = String(Number(lacking.value) + 1);
    return el(
      "div",
      { className: "empty" },
      el("p", {
        textContent:
          lacking.value === "0"
            ? "You can't make any recipe with these alone."
            : `No recipe is within ${count(Number(lacking.value), "missing ingredient", "missing ingredients")} of these bottles.`,
      }),
      el("button", {
        type: "button",
        className: "more",
        textContent: `Allow ${count(Number(more), "missing ingredient", "missing ingredients")}`,
        onclick: () => {
          lacking.value = more;
          changed("push");
          lacking.focus();
        },
      }),
    );
  }
  return el(
    "div",
    { className: "empty" },
    el("p", {
      textContent:
        "No matches. Remove a filter, or choose a wider family: “Rum” instead of one rum.",
    }),
    el("button", {
      type: "button",
      className: "more",
      textContent: "Clear the search",
      onclick: reset,
    }),
  );
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
  tagBox.replaceChildren(
    ...names.map((name) => {
      const chip = el("button", {
        type: "button",
        className: "chip",
        textContent: name,
        onclick: () => {
          if (!tags.delete(name)) tags.add(name);
          showTags();
          changed("push");
        },
      });
      chip.dataset.tag = name;
      return chip;
    }),
  );
  document.getElementById("tag-field").hidden = !names.length;
  showTags();
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
focusOnSlash(query);
showNotice();
restore();
loadTags().catch(() => {
  /* The search works without tags. */
});
