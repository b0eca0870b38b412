// Substitutes of an ingredient, and a path from one to the next.
import { breadcrumb, count, el, number } from "../shared/elements.js";
import { fetchTree } from "./atlas-tree.js";
import { getJson } from "./api.js";
import { createCombobox } from "./combobox.js";
import { searchIngredients, showIngredient } from "./ingredient-search.js";
import { freshness, problemBox } from "./states.js";

const STEPS_KEPT = 8;
const SUGGESTED = 14;

const crumbs = document.getElementById("trail");
const answer = document.getElementById("answer");

const names = new Map();

/** The path is in the URL: `?ingredient=27&via=4,5`. */
function readAddress() {
  const params = new URLSearchParams(location.search);
  const id = (text) => (/^\d+$/.test(text) ? Number(text) : null);
  return {
    ingredient: id(params.get("ingredient") ?? ""),
    via: (params.get("via") ?? "").split(",").map(id).filter((step) => step !== null).slice(-STEPS_KEPT),
  };
}

function address(ingredient, via) {
  const way = via.slice(-STEPS_KEPT);
  return `/substitutes?ingredient=${ingredient}${way.length ? `&via=${way.join(",")}` : ""}`;
}

function go(to) {
  history.pushState(null, "", to);
  load({ byHand: true });
}

async function nameOf(id) {
  if (!names.has(id)) {
    names.set(id, await getJson(`ingredients/${id}`).then((item) => item.name, () => `no. ${id}`));
  }
  return names.get(id);
}

async function showTrail(ingredient, via) {
  const ids = [...via, ingredient];
  const path = await Promise.all(ids.map(async (id, index) =>
    ({ name: await nameOf(id), to: address(id, via.slice(0, index)) })));
  breadcrumb(crumbs, path, (place) => go(place.to));
  crumbs.hidden = path.length < 2;
}

let request = null;

async function load({ byHand = false } = {}) {
  const { ingredient, via } = readAddress();
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  if (ingredient === null) {
    crumbs.hidden = true;
    await showStart(signal);
    return;
  }
  answer.setAttribute("aria-busy", "true");
  try {
    const [{ data, metadata }] = await Promise.all([
      getJson(`analytics/ingredient-substitutes/${ingredient}`, { signal }),
      showTrail(ingredient, via),
    ]);
    if (signal.aborted) return;
    show(ingredient, via, data, metadata);
  } catch (error) {
    if (error.name === "AbortError") return;
    await showNothing(ingredient, via, error);
  }
  answer.removeAttribute("aria-busy");
  if (byHand) answer.querySelector("h2")?.focus({ preventScroll: true });
}

function show(ingredient, via, data, metadata) {
  const asked = data.answered_for?.ingredient_name ?? data.ingredient_name;
  names.set(ingredient, asked);
  const strong = data.substitutes.filter((row) => !row.weak);
  const weak = data.substitutes.filter((row) => row.weak);
  const parts = [el("h2", { tabIndex: -1, textContent: `Substitutes for ${asked}` })];
  if (data.answered_for) {
    parts.push(el("p", { className: "rolled-up" },
      el("strong", { textContent: asked }), " can be replaced by any of its family and counts as ",
      el("strong", { textContent: data.ingredient_name }), ". These are substitutes for ",
      el("strong", { textContent: data.ingredient_name }), "."));
  }
  parts.push(strong.length
    ? el("p", { className: "intro", textContent: "Nearest first. The cost measures how much a swap changes a drink: 0 is nothing, 1 is everything." })
    : el("p", { className: "intro", textContent: "Few recipes use this ingredient, so the list below is a guess." }));
  const chart = el("div", { className: "costs" });
  const costs = data.substitutes.map((row) => row.cost);
  const low = Math.max(0, Math.floor((Math.min(...costs, 1) - 0.005) * 20) / 20);
  const position = (cost) => `${(100 * (Math.min(cost, 1) - low)) / (1 - low)}%`;
  const rows = (list) => el("ol", { className: "substitutes" }, ...list.map((row) => {
    const dot = el("span", { className: "dot" });
    dot.style.left = position(row.cost);
    const to = address(row.ingredient_id, [...via, ingredient]);
    const link = el("a", { className: "substitute", href: to,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        names.set(row.ingredient_id, row.ingredient_name);
        go(to);
      } },
    el("span", { className: "name", textContent: row.ingredient_name }),
    el("span", { className: "scale", "aria-hidden": "true" }, dot),
    el("span", { className: "cost" }, el("span", { className: "hidden-visually", textContent: "cost " }), row.cost.toFixed(3)),
    el("span", { className: "support", textContent: support(row) }));
    return el("li", { className: row.weak ? "weak" : "" }, link);
  }));
  const axis = () =>
    el("p", { className: "axis", "aria-hidden": "true" },
      el("span", {}, el("span", { textContent: low.toFixed(2) }), el("span", { textContent: "cost" }), el("span", { textContent: "1.00" })));
  if (strong.length) chart.append(axis(), rows(strong));
  if (weak.length) {
    chart.append(
      el("h3", { textContent: "Weak evidence" }),
      el("p", { className: "hint", textContent: "Fewer than three pairs of similar recipes swap these, which could be chance." }),
      ...(strong.length ? [] : [axis()]), rows(weak));
  }
  parts.push(data.substitutes.length ? chart : el("p", { className: "empty", textContent: "There are no other ingredients to compare with." }));
  parts.push(el("p", { className: "actions" },
    el("a", { className: "button", href: `/recipes?ingredient=${ingredient}`, textContent: `Recipes with ${asked}` }),
    el("a", { className: "button", href: `/tree?ingredient=${ingredient}`, textContent: "Show in the tree" })),
  freshness(metadata));
  answer.replaceChildren(...parts);
}

/** The evidence of a substitute; weak evidence is marked in words, not by looks alone. */
function support({ support: pairs, weak }) {
  const text = pairs ? `${count(pairs, "pair", "pairs")} of recipes` : "no recipes";
  return weak ? `weak: ${text}` : text;
}

/** No record: an unused family, a new or unknown ingredient, or no analytics yet. */
async function showNothing(ingredient, via, error) {
  const parts = [problemBox(error, load)];
  if (error.status === 404) {
    const kinds = await getJson("ingredients", { params: { parent_id: ingredient, limit: 100 } })
      .then((page) => page.items, () => []);
    if (kinds.length) {
      for (const kind of kinds) names.set(kind.id, kind.name);
      parts[0] = el("h2", { tabIndex: -1, textContent: await nameOf(ingredient) });
      parts.push(el("p", { className: "intro", textContent: "This is a family, and the recipes name its kinds. Select one:" }),
        chips(kinds.map((kind) => ({ id: kind.id, name: kind.name, note: number(kind.recipe_count) })), via.concat(ingredient)));
    }
  }
  answer.replaceChildren(...parts);
}

function chips(items, via) {
  return el("ul", { className: "chips" }, ...items.map(({ id, name, note }) => {
    const to = address(id, via);
    return el("li", {}, el("a", { className: "chip", href: to, onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      names.set(id, name);
      go(to);
    } }, el("span", { textContent: name }), el("span", { className: "count", textContent: note })));
  }));
}

/** Before anything is chosen: what recipes name most. */
async function showStart(signal) {
  try {
    const { byId, metadata } = await fetchTree();
    if (signal.aborted) return;
    const often = [...byId.values()].filter((node) => node.parent && node.direct)
      .sort((a, b) => b.direct - a.direct).slice(0, SUGGESTED);
    answer.replaceChildren(
      el("h2", { tabIndex: -1, textContent: "Start with a common one" }),
      often.length
        ? chips(often.map((node) => ({ id: Number(node.id), name: node.name, note: number(node.direct) })), [])
        : el("p", { className: "empty", textContent: "No recipe names an ingredient yet." }),
      freshness(metadata));
  } catch (error) {
    if (!signal.aborted) answer.replaceChildren(problemBox(error, load));
  }
}

const { node: search } = createCombobox({
  id: "find", placeholder: "for example: Campari",
  search: searchIngredients, show: showIngredient,
  choose: (item) => {
    names.set(item.id, item.name);
    go(address(item.id, []));
  },
});
document.getElementById("find-box").replaceChildren(search);
addEventListener("popstate", () => load());
load();
