// My bar: one shelf and the questions about it.
import { count, el } from "../shared/elements.js";
import { readStyle } from "./amounts.js";
import { getAnswer, getJson, onSignIn } from "./api.js";
import { drawNext, drawNow, drawStock, drawWithout } from "./bar-answers.js";
import { choice, recipeBox } from "./bar-controls.js";
import { drawMenu, MENU_LIMIT } from "./bar-menu.js";
import { wirePaste } from "./bar-paste.js";
import { drawFirstSteps, hasNoRecipes } from "./first-steps.js";
import { createIngredientPicker } from "./ingredient-search.js";
import { createStyleChoice } from "./recipe-amounts.js";
import { onOtherTab, readShelf, saveShelf, syncShelf } from "./shelf.js";
import { focusOnSlash } from "./shell.js";
import { problemBox, skeletonRows, staleNote } from "./states.js";
import { loadUnits } from "./units.js";

const views = document.getElementById("views");
const controls = document.getElementById("controls");
const status = document.getElementById("bar-status");
const answer = document.getElementById("answer");
const kinds = document.getElementById("kinds");
const clear = document.getElementById("empty-shelf");
/** It is in the page as sent: most of what a first visit shows. */
const emptyNote = document.getElementById("empty-note");
const wide = matchMedia("(min-width: 900px)");

const picker = createIngredientPicker({
  id: "shelf",
  label: "Bottles",
  hint: "A kind covers what is below it: “Gin” says that any gin will do.",
  changed: shelfChanged,
});
document.getElementById("shelf-picker").append(picker.node);

let running = null;
let stale = false;
let like = null;
let empty = null;
let order = "ingredients";
let menu = [];
let onCard = "amounts";
let units = null;
let drawn = "";

function view() {
  return views.querySelector(":checked").value;
}

function shelfChanged() {
  saveShelf(picker.ids());
  load();
  sync();
}

/** Show what another device of a signed-in reader has changed. */
async function sync() {
  const ids = await syncShelf();
  if (ids) show(ids);
}

async function show(ids) {
  await picker.set(ids);
  load();
}

async function ask(question, params = {}) {
  const { signal } = running;
  const found = await getAnswer(`analytics/bar/${question}`, { params, signal });
  if (found.stale && !signal.aborted) stale = true;
  return found.body;
}

async function knownUnits() {
  units ??= await loadUnits();
  return units;
}

async function load() {
  running?.abort();
  running = new AbortController();
  stale = false;
  const { signal } = running;
  const have = picker.ids();
  clear.hidden = !have.length;
  document.getElementById("shelf-count").textContent = have.length
    ? count(have.length, "bottle", "bottles")
    : "";
  drawControls();
  const waits = have.length || view() === "menu";
  if (!answer.children.length || (waits && answer.contains(emptyNote)))
    answer.replaceChildren(el("ul", {}, ...skeletonRows(6)));
  try {
    const [found, offers] = await Promise.all([
      waits ? VIEWS[view()](have) : emptyShelf(),
      have.length && view() !== "menu" ? ask("next", { have, count: 1 }) : { kinds: [] },
    ]);
    if (signal.aborted) return;
    showKinds(offers);
    status.textContent = found.status;
    answer.replaceChildren(...(stale ? [staleNote()] : []), ...found.parts);
  } catch (error) {
    if (error.name === "AbortError") return;
    status.textContent = "";
    answer.replaceChildren(problemBox(error, load));
  }
}

async function emptyShelf() {
  if (await hasNoRecipes()) return { status: "", parts: [drawFirstSteps()] };
  return { status: "", parts: [emptyNote] };
}

/** What each question asks for, and how its answer is drawn. */
const VIEWS = {
  async now(have) {
    const params = { have, order: order === "similarity" && !like ? "ingredients" : order };
    if (params.order === "similarity") params.like = like.id;
    return drawNow(await ask("now", params));
  },

  async next(have) {
    return drawNext(await ask("next", { have }));
  },

  async without(have) {
    if (!empty || !have.includes(empty))
      return { status: "Choose the bottle that ran out.", parts: [] };
    const [found, known] = await Promise.all([ask("without", { have, empty }), knownUnits()]);
    return drawWithout(found, known, readStyle());
  },

  async stock(have) {
    return drawStock(await ask("stock", { have }));
  },

  async menu() {
    if (!menu.length) return { status: `Add up to ${MENU_LIMIT} drinks.`, parts: [] };
    const ids = menu.map((recipe) => recipe.id);
    const [found, known] = await Promise.all([ask("menu", { recipe: ids }), knownUnits()]);
    return drawMenu(menu, found, {
      units: known,
      style: onCard === "names" ? "" : readStyle(),
      remove: (id) => setMenu(menu.filter((one) => one.id !== id)),
    });
  },
};

/** Offer the kinds that would make more drinks. */
function showKinds({ kinds: offers }) {
  const chips = offers.slice(0, 3).map((offer) =>
    el("button", {
      type: "button",
      className: "chip",
      textContent: `Any ${offer.ingredient_name} will do: +${count(offer.gained, "drink", "drinks")}`,
      onclick: () => add([[offer.ingredient_id, offer.ingredient_name]]),
    }),
  );
  kinds.replaceChildren(...(chips.length ? [el("div", { className: "offers" }, ...chips)] : []));
}

/**
 * @param {[number, string][]} bottles pairs of ID and name
 * @returns {Promise<number>} how many of them were not on the shelf
 */
async function add(bottles) {
  const had = picker.ids();
  const have = [...new Set([...had, ...bottles.map(([id]) => id)])];
  await picker.set(have, bottles);
  shelfChanged();
  return have.length - had.length;
}

function drawControls() {
  const state = JSON.stringify([view(), order, picker.ids()]);
  if (state === drawn) return;
  drawn = state;
  const idle = view() !== "menu" && !picker.ids().length;
  controls.replaceChildren(...((!idle && CONTROLS[view()]?.()) || []));
}

const ORDERS = {
  ingredients: "fewest ingredients",
  rating: "rating",
  similarity: "closeness to a drink",
};

const CONTROLS = {
  now() {
    const parts = [
      choice("order", "Sort by", Object.entries(ORDERS), order, (value) => {
        order = value;
        showAddress();
        load();
      }),
    ];
    if (order === "similarity") {
      parts.push(
        recipeBox("like", "A drink you like", (recipe) => {
          like = recipe;
          load();
          return recipe.name;
        }),
      );
    }
    return parts;
  },

  without() {
    const bottles = picker.chosen();
    if (!bottles.some(([id]) => id === empty)) empty = bottles[0]?.[0] ?? null;
    const options = bottles.map(([id, name]) => [String(id), name]);
    return [
      choice("empty", "Empty bottle", options, String(empty), (value) => {
        empty = Number(value);
        showAddress();
        load();
      }),
      createStyleChoice(load),
    ];
  },

  menu() {
    const contents = [
      ["amounts", "amounts"],
      ["names", "names only"],
    ];
    return [
      recipeBox("menu-add", "Add a drink", ({ id }) => {
        addToMenu(id);
      }),
      choice("on-card", "Card shows", contents, onCard, (value) => {
        onCard = value;
        load();
      }),
      createStyleChoice(load),
    ];
  },
};

async function addToMenu(id) {
  const twice = menu.some((one) => one.id === id);
  if (twice || menu.length >= MENU_LIMIT) {
    status.textContent = twice
      ? "That drink is on the menu."
      : `A menu has at most ${MENU_LIMIT} drinks. Remove one to add another.`;
    return;
  }
  setMenu([...menu, await getJson(`recipes/${id}`)]);
}

function setMenu(recipes) {
  menu = recipes;
  showAddress();
  load();
}

/** The question and the menu are in the URL; the shelf is not, because it belongs to this browser. */
function showAddress() {
  const params = new URLSearchParams();
  if (view() !== "now") params.set("view", view());
  if (view() === "now" && order !== "ingredients") params.set("order", order);
  if (view() === "without" && empty) params.set("empty", empty);
  for (const recipe of menu) params.append("recipe", recipe.id);
  history.pushState(null, "", params.size ? `?${params}` : location.pathname);
}

async function restore() {
  const params = new URLSearchParams(location.search);
  const wanted = views.querySelector(`[value="${CSS.escape(params.get("view") ?? "now")}"]`);
  if (wanted) wanted.checked = true;
  order = Object.hasOwn(ORDERS, params.get("order")) ? params.get("order") : "ingredients";
  empty = Number(params.get("empty")) || empty;
  const ids = params
    .getAll("recipe")
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  const found = [...new Set(ids)]
    .slice(0, MENU_LIMIT)
    .map((id) => getJson(`recipes/${id}`).catch(() => null));
  // The menu's card needs the units: asked for at once, they are there when the recipes are.
  if (found.length) knownUnits().catch(() => {});
  await picker.set(readShelf());
  menu = (await Promise.all(found)).filter(Boolean);
  // On a phone a filled shelf is folded away, so that the answer is on the first screen; until here
  // boot.js has seen to that.
  document.getElementById("shelf-box").open =
    wide.matches || (!picker.ids().length && view() !== "menu");
  document.documentElement.classList.remove("shelf-folded");
  drawn = "";
  load();
}

focusOnSlash(document.getElementById("shelf"));
wirePaste(add);
views.addEventListener("change", () => {
  answer.replaceChildren();
  showAddress();
  load();
});
clear.addEventListener("click", async () => {
  await picker.set([]);
  shelfChanged();
  document.getElementById("shelf").focus();
});
addEventListener("popstate", restore);
onOtherTab(() => show(readShelf()));
document.addEventListener("visibilitychange", () => document.hidden || sync());
restore().then(() => onSignIn((signedIn) => signedIn && sync()));
