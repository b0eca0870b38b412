// The report's two maps, their search, legend, selection and table.
import { Report } from "./core.js";
import { createComposition, createRecipeTable, foundText } from "./shared/atlas-lists.js";
import { AtlasMap } from "./shared/atlas-map.js";
import { AtlasModel } from "./shared/atlas-model.js";
import { CanvasMarks } from "./shared/canvas-marks.js";
import { el, onTheme } from "./shared/elements.js";
import { createHistograms } from "./shared/histogram.js";
import { createLegend, filterChips } from "./shared/legend.js";
import { createSwatch } from "./shared/marks.js";
import { findRecipes } from "./shared/ranked-search.js";

(() => {
  const atlas = document.getElementById("atlas");
  if (!atlas) return;
  const model = new AtlasModel(Report.data);
  const { recipes } = model;

  const maps = [...atlas.querySelectorAll(".map")].map(
    (figure) =>
      new AtlasMap(figure.querySelector(".stage"), {
        key: figure.dataset.map,
        model,
        painter: new CanvasMarks(model),
        on: { hover: setHover, select },
      }),
  );

  function setHover(i, where) {
    if (i === model.hover) return;
    model.hover = i;
    for (const map of maps) map.showHover(i, map === where);
  }

  const panel = document.getElementById("selection");
  const placeholder = panel.firstElementChild;

  function select(i, where) {
    model.selected = i;
    setHover(-1, where);
    for (const map of maps) {
      map.paintOver();
      if (map !== where && i >= 0) map.reveal(i);
    }
    if (i < 0) {
      panel.replaceChildren(placeholder);
      delete panel.dataset.recipe;
      return;
    }
    panel.dataset.recipe = recipes.id[i];
    const ingredients = model.ingredientsOf(i);
    const about = el(
      "div",
      { className: "about" },
      el("h3", { textContent: recipes.name[i] }),
      el("p", { className: "base-name" }, createSwatch(model.groupOf(i)), model.groupOf(i).label),
      createComposition(ingredients),
    );
    const near = model.nearest(i);
    panel.replaceChildren(
      about,
      el(
        "div",
        { className: "near" },
        el("h4", { textContent: "Closest relatives by the learned distance" }),
        near.length
          ? el(
              "ol",
              {},
              ...near.map(({ row }) =>
                el(
                  "li",
                  {},
                  el(
                    "button",
                    {
                      type: "button",
                      className: "link",
                      onclick: () => {
                        select(row, null);
                        panel.focus();
                      },
                    },
                    createSwatch(model.groupOf(row)),
                    recipes.name[row],
                  ),
                ),
              ),
            )
          : el("p", { className: "status", textContent: "None." }),
      ),
    );
    // Focus moves here when the list that had it is replaced.
    panel.tabIndex = -1;
  }

  const table = createRecipeTable(document.getElementById("recipe-table"), model, (i) =>
    el("button", {
      type: "button",
      className: "link",
      textContent: recipes.name[i],
      onclick: () => {
        select(i, null);
        panel.scrollIntoView({ block: "nearest" });
        panel.focus({ preventScroll: true });
      },
    }),
  );

  function refilter() {
    model.filter();
    atlas.dataset.lit = model.order.length;
    document.getElementById("search-status").textContent = foundText(model);
    setHover(-1, null);
    for (const map of maps) map.filtered();
    document.getElementById("active-filters").replaceChildren(...filterChips(model, refilter));
    legend.show();
    histograms.show();
    table.fill(true);
  }

  const legend = createLegend(document.getElementById("legend"), model, refilter);
  const histograms = createHistograms(document.getElementById("histograms"), model, refilter);
  const color = document.getElementById("color");
  color.replaceChildren(
    ...model.fields.map(({ key, label }) => el("option", { value: key, textContent: label })),
  );
  color.addEventListener("change", () => {
    model.colorBy(color.value);
    for (const map of maps) map.theme();
    refilter();
  });
  const search = document.getElementById("search");
  search.addEventListener("input", () => {
    model.matches = findRecipes(model, search.value);
    refilter();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  // Enter cycles through the matches.
  document.getElementById("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!model.order.length || !model.searching) return;
    select(model.order[(model.order.indexOf(model.selected) + 1) % model.order.length], null);
  });

  // One map at a time on narrow screens.
  for (const input of document.querySelectorAll("#map-switch input")) {
    input.addEventListener("change", () => {
      atlas.dataset.shown = input.value;
    });
    if (input.checked) atlas.dataset.shown = input.value;
  }

  onTheme(() => {
    for (const map of maps) map.theme();
  });
  Report.maps = maps; // for the browser's console and the tests
  refilter();
})();
