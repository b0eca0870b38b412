// Substitutes of an ingredient, and a path from one to the next.
import { breadcrumb, count, el, number } from "../shared/elements.js";
import { fetchTree } from "./atlas-tree.js";
import { getJson } from "./api.js";
import { createCombobox } from "./combobox.js";
import { searchIngredients, showIngredient } from "./ingredient-search.js";
import { focusOnSlash } from "./shell.js";
import { freshness, problemBox } from "./states.js";

const STEPS_KEPT = 8;
const SUGGESTED = 14;
const NAMED = 4;

const crumbs = document.getElementById("trail");
const answer = document.getElementById("answer");

const names = new Map();

/** The path is in the URL: `?ingredient=27&via=4,5`. */
function readAddress() {
  const params = new URLSearchParams(location.search);
  const id = (text) => (/^\d+$/.test(text) ? Number(text) : null);
  return {
    ingredient: id(params.get("ingredient") ?? ""),
    via: (params.get("via") ?? "")
      .split(",")
      .map(id)
      .filter((step) => step !== null)
      .slice(-STEPS_KEPT),
  };
}

function address(ingredient, via) {
  const way = via.slice(-STEPS_KEPT);
  return `/substitutes?ingredient=${ingredient}${way.length ? `&via=${way.join(",")}` : ""}`;
}

/** The attributes of a link to another ingredient, which is drawn without loading the page anew. */
const stepTo = (href, id, name) => ({
  href,
  onclick: (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    names.set(id, name);
    go(href);
  },
});

function go(to) {
  history.pushState(null, "", to);
  load({ byHand: true });
}

async function nameOf(id) {
  if (!names.has(id)) {
    names.set(
      id,
      await getJson(`ingredients/${id}`).then(
        (item) => item.name,
        () => `no. ${id}`,
      ),
    );
  }
  return names.get(id);
}

async function showTrail(ingredient, via) {
  const ids = [...via, ingredient];
  const path = await Promise.all(
    ids.map(async (id, index) => ({
      name: await nameOf(id),
      to: address(id, via.slice(0, index)),
    })),
  );
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
  const parts = [el("h2", { tabIndex: -1, textContent: `Substitutes for ${asked}` })];
  const others = data.members.filter((name) => name !== asked);
  if (others.length) {
    parts.push(
      el(
        "p",
        { className: "any-works" },
        el("strong", { textContent: `Any ${data.ingredient_name} works` }),
        ": ",
        el("span", { className: "names", textContent: some(others) }),
        ".",
      ),
    );
  }
  const shown = data.substitutes;
  const longest = Math.max(...shown.map((row) => row.high), 0) || 1;
  const rows = (list) =>
    el(
      "ol",
      { className: "substitutes" },
      ...list.map((row) =>
        el("li", { className: row.weak ? "weak" : "" }, link(row, longest, ingredient, via)),
      ),
    );
  const family = shown.filter((row) => row.relation !== "swap");
  const swaps = shown.filter((row) => row.relation === "swap");
  if (data.verdict === "none") {
    parts.push(
      el("p", {
        className: "empty none",
        textContent: others.length
          ? `Outside of ${data.ingredient_name}, the recipes show no good substitute.`
          : "The recipes show no good substitute.",
      }),
    );
  } else {
    parts.push(
      el("p", {
        className: "intro",
        textContent:
          "The bar shows how often similar recipes swap the two, with its 95 % interval: farther right is better.",
      }),
    );
  }
  if (family.length) {
    parts.push(el("h3", { textContent: "Same family" }), rows(family));
  }
  if (swaps.length) {
    parts.push(
      el("h3", { textContent: "Other swaps in recipes" }),
      el("p", {
        className: "hint",
        textContent:
          "Not the same kind of ingredient, but otherwise similar recipes use one or the other.",
      }),
      rows(swaps),
    );
  }
  parts.push(
    el(
      "p",
      { className: "actions" },
      el("a", {
        className: "button",
        href: `/recipes?ingredient=${ingredient}`,
        textContent: `Recipes with ${asked}`,
      }),
      el("a", {
        className: "button",
        href: `/tree?ingredient=${ingredient}`,
        textContent: "Show in the tree",
      }),
    ),
    freshness(metadata),
  );
  answer.replaceChildren(...parts);
}

/** A substitute as a link to its own substitutes. */
function link(row, longest, ingredient, via) {
  const percent = (value) => `${(100 * value) / longest}%`;
  const interval = el("span", { className: "interval" });
  interval.style.left = percent(row.low);
  interval.style.width = percent(row.high - row.low);
  const dot = el("span", { className: "dot" });
  dot.style.left = percent(row.rate);
  const to = address(row.ingredient_id, [...via, ingredient]);
  return el(
    "a",
    {
      className: "substitute",
      ...stepTo(to, row.ingredient_id, row.ingredient_name),
    },
    el("span", { className: "name", textContent: row.ingredient_name }),
    el("span", { className: `rating ${row.rating.replaceAll(" ", "-")}`, textContent: row.rating }),
    el("span", { className: "scale", "aria-hidden": "true" }, interval, dot),
    el("span", { className: "support", textContent: evidence(row) }),
    row.members.length
      ? el("span", { className: "members", textContent: `such as ${some(row.members)}` })
      : "",
  );
}

/** A few names, and how many more there are. */
function some(all) {
  const first = all.slice(0, NAMED);
  return all.length > NAMED + 1
    ? `${first.join(", ")} and ${number(all.length - NAMED)} more`
    : all.join(", ");
}

/** The evidence in words; weak evidence is marked in words, not by looks alone. */
function evidence({ support, weak }) {
  if (!support) return "by family alone";
  return `${weak ? "weak: " : ""}${count(support, "pair of recipes", "pairs of recipes")}`;
}

/** No record: an unused family, a new or unknown ingredient, or no analytics yet. */
async function showNothing(ingredient, via, error) {
  const parts = [problemBox(error, load)];
  if (error.status === 404) {
    const kinds = await getJson("ingredients", {
      params: { parent_id: ingredient, limit: 100 },
    }).then(
      (page) => page.items,
      () => [],
    );
    if (kinds.length) {
      for (const kind of kinds) names.set(kind.id, kind.name);
      parts[0] = el("h2", { tabIndex: -1, textContent: await nameOf(ingredient) });
      parts.push(
        el("p", {
          className: "intro",
          textContent: "This is a family, and the recipes name its kinds. Select one:",
        }),
        chips(
          kinds.map((kind) => ({ id: kind.id, name: kind.name, note: number(kind.recipe_count) })),
          via.concat(ingredient),
        ),
      );
    }
  }
  answer.replaceChildren(...parts);
}

function chips(items, via) {
  return el(
    "ul",
    { className: "chips" },
    ...items.map(({ id, name, note }) => {
      const to = address(id, via);
      return el(
        "li",
        {},
        el(
          "a",
          {
            className: "chip",
            ...stepTo(to, id, name),
          },
          el("span", { textContent: name }),
          el("span", { className: "count", textContent: note }),
        ),
      );
    }),
  );
}

/** Before anything is chosen: what recipes name most. */
async function showStart(signal) {
  try {
    const { byId, metadata } = await fetchTree();
    if (signal.aborted) return;
    const often = [...byId.values()]
      .filter((node) => node.parent && node.direct)
      .sort((a, b) => b.direct - a.direct)
      .slice(0, SUGGESTED);
    answer.replaceChildren(
      el("h2", { tabIndex: -1, textContent: "Start with a common one" }),
      often.length
        ? chips(
            often.map((node) => ({
              id: Number(node.id),
              name: node.name,
              note: number(node.direct),
            })),
            [],
          )
        : el("p", { className: "empty", textContent: "No recipe names an ingredient yet." }),
      freshness(metadata),
    );
  } catch (error) {
    if (!signal.aborted) answer.replaceChildren(problemBox(error, load));
  }
}

const { node: search, input } = createCombobox({
  id: "find",
  placeholder: "for example: Campari",
  search: searchIngredients,
  show: showIngredient,
  choose: (item) => {
    names.set(item.id, item.name);
    go(address(item.id, []));
  },
});
document.getElementById("find-box").replaceChildren(search);
focusOnSlash(input);
addEventListener("popstate", () => load());
load();
