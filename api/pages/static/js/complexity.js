// The number of ingredients per recipe, and the recipes of one column.
import { createHistogram } from "../shared/histogram.js";
import { count, el, number } from "../shared/elements.js";
import { getJson } from "./api.js";
import { freshness, problemBox } from "./states.js";

const FIRST = 60;
const message = document.getElementById("message");
const chart = document.getElementById("chart");
const title = document.getElementById("of-size-title");
const list = document.getElementById("of-size");
const more = document.getElementById("of-size-more");

/** Recipes by their number of ingredients; the map's rows know both. */
let bySize = null;

async function recipesOf(size) {
  if (!bySize) {
    const { data } = await getJson("analytics/cocktail-space");
    bySize = new Map();
    for (const row of data) {
      const length = row.ingredients.length;
      bySize.set(length, [...(bySize.get(length) ?? []), row]);
    }
    for (const rows of bySize.values())
      rows.sort((a, b) => a.recipe_name.localeCompare(b.recipe_name, "en"));
  }
  return bySize.get(size) ?? [];
}

async function show(size) {
  try {
    const rows = await recipesOf(size);
    document.getElementById("of-size-section").hidden = false;
    title.textContent = `${count(rows.length, "recipe", "recipes")} with ${count(size, "ingredient", "ingredients")}`;
    const draw = (shown) => {
      list.replaceChildren(
        ...shown.map((row) =>
          el(
            "li",
            {},
            el("a", { href: `/recipes/${row.recipe_id}`, textContent: row.recipe_name }),
          ),
        ),
      );
    };
    draw(rows.slice(0, FIRST));
    more.hidden = rows.length <= FIRST;
    more.textContent = `Show all ${number(rows.length)}`;
    more.onclick = () => {
      draw(rows);
      more.hidden = true;
      list.children[FIRST].firstChild.focus();
    };
  } catch (error) {
    message.replaceChildren(problemBox(error));
  }
}

async function load() {
  message.replaceChildren();
  try {
    const { data, metadata } = await getJson("analytics/recipe-complexity");
    const rows = data
      .map((row) => [row.ingredient_count, row.recipe_count])
      .sort(([a], [b]) => a - b);
    if (!rows.length) {
      message.replaceChildren(
        el("p", { className: "empty", textContent: "There are no recipes to count yet." }),
      );
      return;
    }
    chart.hidden = false;
    const histogram = createHistogram({
      svg: document.getElementById("histogram"),
      caption: document.getElementById("histogram-caption"),
      rows,
      choose: (size) => {
        history.pushState(null, "", `?size=${size}`);
        restore();
      },
    });
    function restore() {
      const size = Number(new URLSearchParams(location.search).get("size"));
      const known = rows.some(([other]) => other === size);
      histogram.mark(known ? size : null);
      if (known) show(size);
      else document.getElementById("of-size-section").hidden = true;
    }
    document
      .querySelector("#complexity-table tbody")
      .replaceChildren(
        ...rows.map(([size, recipes]) =>
          el(
            "tr",
            {},
            el("th", { scope: "row", className: "number", textContent: number(size) }),
            el("td", { className: "number", textContent: number(recipes) }),
          ),
        ),
      );
    document.getElementById("freshness").replaceChildren(freshness(metadata));
    addEventListener("popstate", restore);
    restore();
  } catch (error) {
    message.replaceChildren(problemBox(error, load));
  } finally {
    document.getElementById("loading").hidden = true;
  }
}
load();
