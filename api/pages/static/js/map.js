// The map page: two layouts of the same recipes, with search, filters, selection and list.
import { NO_MATCHES, createRecipeTable, foundText } from "../shared/atlas-lists.js";
import { AtlasMap } from "../shared/atlas-map.js";
import { AtlasModel } from "../shared/atlas-model.js";
import { CanvasMarks } from "../shared/canvas-marks.js";
import { count, el, onTheme } from "../shared/elements.js";
import { createHistograms } from "../shared/histogram.js";
import { createLegend, filterChips } from "../shared/legend.js";
import { getJson } from "./api.js";
import { readAddress, writeFilters, writeView } from "./map-address.js";
import { fetchReach, reachLegend } from "./map-bar.js";
import { wireExport } from "./map-export.js";
import { createList } from "./map-list.js";
import { createPanel } from "./map-panel.js";
import { createSearch } from "./map-search.js";
import { announce, focusOnSlash, setAddress } from "./shell.js";
import { freshness, isNotComputed, problemBox, refreshLink } from "./states.js";
import { drawFirstSteps, hasNoRecipes } from "./first-steps.js";
import { WebglMarks } from "./webgl-marks.js";

const STORIES = {
  em: "Neighbors need small changes to turn one into the other; the cost of a swap is learned from the recipes.",
  // On a collection where the learned costs do no better than a simpler distance, that one is shown.
  tree: "Neighbors need small changes to turn one into the other; on these recipes, distances in the ingredient tree do better than learned costs.",
  manhattan: "Neighbors have the same ingredients in the same proportions.",
  both: "Point at a recipe on one map to find it on the other.",
};
const TITLES = { em: "Learned", manhattan: "Manhattan" };
const message = document.getElementById("message");
const byId = (id) => document.getElementById(id);

function start(model) {
  const { recipes } = model;
  const narrow = matchMedia("(max-width: 720px)");
  const box = byId("maps");
  const [mainFigure, secondFigure] = box.querySelectorAll("figure");
  const search = byId("search");
  const switches = [...document.querySelectorAll("#map-switch input")];
  let mode = null;

  const makeMap = (figure, key) =>
    new AtlasMap(figure.querySelector(".stage"), {
      key,
      model,
      painter: WebglMarks.create(model) ?? new CanvasMarks(model),
      on: { hover, select, open: openRecipe, moved, lasso },
    });
  const first = readAddress(model, narrow.matches);
  const main = makeMap(mainFigure, first.mode === "em" ? "em" : "manhattan");
  let second = null; // created on first use
  const maps = () => (mode === "both" ? [main, second] : [main]);
  const panel = createPanel(model, maps, (open) => {
    if (open === "list") list.show(true);
    setAddress({ show: open === "filters" ? "filters" : null });
  });

  function openRecipe(i) {
    location.assign(`/recipes/${recipes.id[i]}`);
  }

  // State in the URL -----------------------------------------------------------------------------
  async function restore() {
    const asked = readAddress(model, narrow.matches);
    model.filters = asked.filters;
    model.colorBy(asked.color);
    show(asked.mode);
    recolor();
    if (asked.panel) panel.open("filters");
    if (asked.q !== search.value || !asked.q) {
      search.value = asked.q;
      model.matches = null;
    }
    refilter();
    const i = asked.recipe === null ? -1 : model.find(asked.recipe);
    select(i, asked.view ? main : null, { keep: true });
    if (asked.view) main.view = asked.view;
    if (asked.q) await finder.search(asked.q);
    await showBar(asked.bar);
  }

  // Gestures end many times a second; update the URL and the list when the map stops.
  let resting = 0;
  function moved(map) {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (map === main) writeView(main);
      if (!model.picked) list.show();
    }, 150);
  }

  // One or two maps -------------------------------------------------------------------------------
  function show(wanted) {
    mode = wanted;
    for (const input of switches) input.checked = input.value === mode;
    byId("map-story").textContent =
      STORIES[mode === "em" && model.distance !== "learned" ? model.distance : mode];
    const both = mode === "both";
    box.classList.toggle("both", both);
    secondFigure.hidden = !both;
    const key = both ? "manhattan" : mode;
    mainFigure.querySelector("h2").textContent = TITLES[key];
    if (main.key !== key) main.layOut(key);
    if (both) second ??= makeMap(secondFigure, "em");
    panel.arrange();
    for (const map of maps()) map.filtered();
  }
  for (const input of switches) {
    input.addEventListener("change", () => {
      show(input.value);
      setAddress({ map: mode === "em" ? null : mode }, { step: true });
      panel.describe(select);
    });
  }

  // Hover and selection -----------------------------------------------------------------------------
  function hover(i, where) {
    if (i === model.hover) return;
    model.hover = i;
    for (const map of maps()) map.showHover(i, map === where);
  }

  /** `keep` leaves the URL alone; `walking` adds no step for the back button. */
  function select(i, where, { keep = false, walking = false } = {}) {
    model.selected = i;
    hover(-1, where);
    if (!keep) setAddress({ recipe: i < 0 ? null : recipes.id[i] }, { step: !walking });
    list.mark();
    if (i >= 0 && !keep) {
      announce(
        `${recipes.name[i]}, ${model.groupOf(i).label}: ${model.ingredientsOf(i).join(", ") || "no ingredients recorded"}`,
      );
    }
    panel.describe(select);
    for (const map of maps()) {
      map.paintOver();
      if (i >= 0) map.reveal(i);
    }
  }

  const list = createList(byId("list-card"), model, main, (i) => select(i, null));
  function lasso(caught) {
    model.within = new Set(caught);
    panel.open("list");
    refilter();
    announce(`${count(caught.length, "recipe", "recipes")} in the lasso`);
  }
  function dropLasso() {
    model.within = null;
    refilter();
    main.over.focus({ preventScroll: true });
  }
  byId("drop-lasso").addEventListener("click", dropLasso);

  // Filters, colors and search ------------------------------------------------------------------------
  const table = createRecipeTable(byId("recipe-table"), model, (i) =>
    el("a", { href: `/recipes/${recipes.id[i]}`, textContent: recipes.name[i] }),
  );
  const filtered = () => {
    writeFilters(model);
    refilter();
  };
  const legend = createLegend(byId("legend"), model, filtered);
  const histograms = createHistograms(byId("histograms"), model, filtered);

  function refilter() {
    model.filter();
    box.dataset.lit = model.order.length;
    showFound();
    hover(-1, null);
    for (const map of maps()) map.filtered();
    legend.show();
    histograms.show();
    showFilters();
    list.show(true);
    table.fill(true);
  }

  /** How many match; on phones, where the sentence has no room, the number alone is visible. */
  function showFound() {
    const [, figure, words] = /^([\d,]*)(.*)$/.exec(foundText(model));
    byId("search-status").replaceChildren(figure, el("span", { textContent: words }));
  }

  /** The filters in force, where they can be removed: in their card, and over an empty map. */
  function showFilters() {
    byId("active-filters").replaceChildren(...filterChips(model, filtered));
    byId("filter-button").dataset.count = model.filters.size || "";
    const nothing = byId("no-matches");
    nothing.hidden = model.order.length > 0;
    if (nothing.hidden) return;
    const chip = (text, act) =>
      el("button", { type: "button", className: "chip", textContent: text, onclick: act });
    nothing.replaceChildren(
      el("p", { textContent: NO_MATCHES }),
      el(
        "div",
        { className: "chips" },
        ...filterChips(model, filtered),
        ...(model.searching ? [chip(`Search: ${search.value} ×`, clearSearch)] : []),
        ...(model.within ? [chip("Lasso ×", dropLasso)] : []),
      ),
    );
  }

  const color = byId("color");
  color.replaceChildren(
    ...model.fields.map(({ key, label }) => el("option", { value: key, textContent: label })),
  );
  function recolor() {
    color.value = model.field.key;
    byId("legend-title").textContent = `${model.field.label}: select one or more to filter`;
    for (const map of [main, second]) map?.theme();
  }
  color.addEventListener("change", () => {
    model.colorBy(color.value);
    recolor();
    filtered();
    panel.describe(select);
  });

  const finder = createSearch(model, (rows) => {
    model.matches = rows;
    if (rows && !narrow.matches) panel.open("list");
    refilter();
  });
  let searching = null;
  search.addEventListener("input", () => {
    setAddress({ q: search.value.trim() });
    searching = finder.search(search.value, { soon: true });
  });
  function clearSearch() {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    search.focus();
  }
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) clearSearch();
  });
  focusOnSlash(search);
  // Enter cycles through the matches.
  byId("search-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await searching;
    if (!model.order.length || !model.searching) return;
    select(model.order[(model.order.indexOf(model.selected) + 1) % model.order.length], null);
  });

  // My bar ------------------------------------------------------------------------------------------
  const barToggle = byId("bar-toggle");
  async function showBar(on) {
    barToggle.setAttribute("aria-pressed", String(on));
    const status = byId("bar-legend");
    const had = model.reach;
    try {
      model.reach = on ? await fetchReach(model) : null;
      status.replaceChildren(...(on ? reachLegend(model.reach) : []));
    } catch (error) {
      if (error.name !== "Problem") throw error;
      status.replaceChildren(problemBox(error, () => showBar(on)));
    }
    status.hidden = !on;
    if (had || model.reach) for (const map of maps()) map.filtered();
  }
  barToggle.addEventListener("click", () => {
    const on = barToggle.getAttribute("aria-pressed") !== "true";
    setAddress({ bar: on ? "1" : null }, { step: true });
    showBar(on);
  });

  wireExport(byId("export"), main);
  onTheme(() => {
    for (const map of [main, second]) map?.theme();
  });
  // Phones show one map.
  narrow.addEventListener("change", () => {
    if (narrow.matches && mode === "both") show("em");
  });
  addEventListener("popstate", restore);
  // The list depends on the view, and so on the stage's size.
  new ResizeObserver(() =>
    requestAnimationFrame(() => {
      panel.arrange();
      list.show();
    }),
  ).observe(main.stage);
  restore();
  return { main, model };
}

/** A bar without recipes gets its first steps; one without analytics, the way to a refresh. */
async function showNoMap(text) {
  const first = await hasNoRecipes().catch(() => false);
  message.replaceChildren(
    first
      ? drawFirstSteps()
      : el(
          "div",
          { className: "empty" },
          el("p", { textContent: text }),
          el("p", {}, refreshLink()),
        ),
  );
}

/** Let the browser answer the reader between two long tasks. */
const pause = () => new Promise((done) => setTimeout(done));

async function load() {
  message.replaceChildren();
  try {
    // Ratings and tags are read from the database: they change without a refresh.
    const [{ data, metadata }, facts] = await Promise.all([
      getJson("analytics/atlas"),
      getJson("recipes/facts").catch(() => ({})),
    ]);
    byId("freshness").replaceChildren(freshness(metadata));
    if (!data.recipes.id.length) {
      await showNoMap("No recipes on the map yet.");
      return;
    }
    await pause();
    const model = new AtlasModel(data, facts);
    await pause();
    for (const part of document.querySelectorAll(".map-page [data-when=loaded]"))
      part.hidden = false;
    globalThis.atlas = start(model); // for the console, the tests and the benchmark
  } catch (error) {
    if (error.status === 404) {
      await showNoMap(
        isNotComputed(error)
          ? "There is no map yet. A refresh draws it from the recipes."
          : error.message,
      );
    } else if (error.name === "Problem") message.replaceChildren(problemBox(error, load));
    else throw error;
  }
}
load();
