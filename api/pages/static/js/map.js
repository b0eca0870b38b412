// The map page: two layouts of the same recipes, with search, selection and list.
import { getJson } from "./api.js";
import { announce, setAddress } from "./shell.js";
import { freshness, problemBox } from "./states.js";
import { WebglMarks } from "./webgl-marks.js";
import { createLegend, createRecipeTable, foundText } from "../shared/atlas-lists.js";
import { AtlasMap } from "../shared/atlas-map.js";
import { AtlasModel } from "../shared/atlas-model.js";
import { CanvasMarks } from "../shared/canvas-marks.js";
import { count, el, onTheme } from "../shared/elements.js";
import { createSwatch } from "../shared/marks.js";

const STORIES = {
  em: "Neighbors need small changes to turn one into the other; the cost of a swap is learned from the recipes.",
  // On a collection where the learned costs do no better than a simpler distance, that one is shown.
  tree: "Neighbors need small changes to turn one into the other; on these recipes, distances in the ingredient tree do better than learned costs.",
  manhattan: "Neighbors have the same ingredients in the same proportions.",
  both: "Point at a recipe on one map to find it on the other.",
};
const TITLES = { em: "Learned", manhattan: "Manhattan" };
const LISTED = 100;
const message = document.getElementById("message");

function start(data) {
  const model = new AtlasModel(data);
  const { recipes } = model;
  const narrow = matchMedia("(max-width: 720px)");
  const box = document.getElementById("maps");
  const [mainFigure, secondFigure] = box.querySelectorAll("figure");
  const search = document.getElementById("search");
  const switches = [...document.querySelectorAll("#map-switch input")];
  let mode = null;
  let listed = LISTED;

  const makeMap = (figure, key) =>
    new AtlasMap(figure.querySelector(".stage"), {
      key,
      model,
      painter: WebglMarks.create(model) ?? new CanvasMarks(model),
      on: { hover, select, open: openRecipe, moved, lasso },
    });
  const main = makeMap(mainFigure, address().mode === "em" ? "em" : "manhattan");
  let second = null; // created on first use
  const maps = () => (mode === "both" ? [main, second] : [main]);

  function openRecipe(i) {
    location.assign(`/recipes/${recipes.id[i]}`);
  }

  // State in the URL -----------------------------------------------------------------------------
  function address() {
    const asked = new URLSearchParams(location.search);
    const view = (asked.get("view") ?? "").split(",").map(Number);
    return {
      mode:
        narrow.matches && asked.get("map") === "both"
          ? "em"
          : ["em", "manhattan", "both"].includes(asked.get("map"))
            ? asked.get("map")
            : "em",
      q: asked.get("q") ?? "",
      groups: (asked.get("groups") ?? "").split(",").filter(Boolean),
      recipe: Number(asked.get("recipe")) || null,
      view: view.length === 3 && view.every(Number.isFinite) && view[0] > 0 ? view : null,
    };
  }

  function restore() {
    const asked = address();
    search.value = asked.q;
    model.search(asked.q);
    if (model.searching && !narrow.matches) showList(true);
    model.chosen = new Set(
      asked.groups
        .map((key) => model.groups.findIndex((group) => group.key === key))
        .filter((g) => g >= 0),
    );
    legend.show();
    show(asked.mode);
    refilter();
    const i = asked.recipe === null ? -1 : model.find(asked.recipe);
    select(i, asked.view ? main : null);
    if (asked.view) main.view = asked.view;
  }

  // Gestures end many times a second; update the URL and the list when the map stops.
  let resting = 0;
  function moved(map) {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (map === main) {
        const view = main.view.map((value) => Number(value.toFixed(3)));
        setAddress({
          view: view[0] === 1 && Math.hypot(view[1], view[2]) < 0.01 ? null : view.join(","),
        });
      }
      if (!model.within && !model.searching) list();
    }, 150);
  }

  // One or two maps -------------------------------------------------------------------------------
  function show(wanted) {
    mode = wanted;
    for (const input of switches) input.checked = input.value === mode;
    document.getElementById("map-story").textContent =
      STORIES[mode === "em" && model.distance !== "learned" ? model.distance : mode];
    const both = mode === "both";
    box.classList.toggle("both", both);
    secondFigure.hidden = !both;
    const key = both ? "manhattan" : mode;
    mainFigure.querySelector("h2").textContent = TITLES[key];
    if (main.key !== key) main.layOut(key);
    if (both) second ??= makeMap(secondFigure, "em");
    arrange();
    for (const map of maps()) map.filtered();
  }
  for (const input of switches) {
    input.addEventListener("change", () => {
      show(input.value);
      setAddress({ map: mode === "em" ? null : mode });
      select(model.selected, null, true);
    });
  }

  // Hover and selection -----------------------------------------------------------------------------
  function hover(i, where) {
    if (i === model.hover) return;
    model.hover = i;
    for (const map of maps()) map.showHover(i, map === where);
  }

  const aside = document.getElementById("panel");
  const panel = document.getElementById("selection");
  const listCard = document.getElementById("list-card");
  const listButton = document.getElementById("list-button");

  /** Show the panel if it has anything to show, and let the maps know what it covers. */
  function arrange() {
    panel.hidden = model.selected < 0;
    aside.hidden = panel.hidden && listCard.hidden;
    const sheet = matchMedia("(max-width: 1100px)").matches;
    const right = aside.hidden || sheet ? 0 : aside.offsetWidth + 12;
    const bottom = aside.hidden || !sheet ? 0 : aside.offsetHeight;
    const shown = maps();
    for (const map of shown) if (!map.covered.bottom !== !bottom) map.makeRoom(bottom);
    for (const map of shown) map.covered = { right: map === shown.at(-1) ? right : 0, bottom };
  }

  function showList(open) {
    listCard.hidden = !open;
    listButton.setAttribute("aria-expanded", String(open));
    arrange();
    if (open) list();
  }
  listButton.addEventListener("click", () => showList(listCard.hidden));

  function select(i, where, quiet = false) {
    model.selected = i;
    hover(-1, where);
    setAddress({ recipe: i < 0 ? null : recipes.id[i] });
    for (const item of document.querySelectorAll("#listing [aria-current]"))
      item.removeAttribute("aria-current");
    document.querySelector(`#listing [data-row="${i}"]`)?.setAttribute("aria-current", "true");
    if (i < 0) {
      panel.replaceChildren();
      delete panel.dataset.recipe;
    } else {
      describe(i);
      if (!quiet) {
        announce(
          `${recipes.name[i]}, ${model.groupOf(i).label}: ${model.ingredientsOf(i).join(", ") || "no ingredients recorded"}`,
        );
      }
    }
    arrange();
    for (const map of maps()) {
      map.paintOver();
      if (i >= 0) map.reveal(i);
    }
  }

  function describe(i) {
    panel.dataset.recipe = recipes.id[i];
    const group = model.groupOf(i);
    const ingredients = model.ingredientsOf(i);
    const near = model.nearest(i);
    panel.replaceChildren(
      el(
        "div",
        {},
        el("h2", { textContent: recipes.name[i] }),
        el("button", {
          type: "button",
          className: "close",
          textContent: "×",
          "aria-label": "Clear selection",
          onclick: () => {
            select(-1, null);
            main.over.focus({ preventScroll: true });
          },
        }),
        el("p", { className: "base-name" }, createSwatch(group), group.label),
        ingredients.length
          ? el(
              "ol",
              { className: "composition" },
              ...ingredients.map((name) => el("li", { textContent: name })),
            )
          : el("p", { className: "status", textContent: "No ingredients are recorded." }),
        el(
          "p",
          { className: "actions" },
          el("a", {
            className: "button primary",
            href: `/recipes/${recipes.id[i]}`,
            textContent: "Open the recipe",
          }),
        ),
      ),
      near.length
        ? el(
            "div",
            {},
            el("h3", { textContent: "Closest relatives" }),
            el(
              "ol",
              { className: "relatives" },
              ...near.map(({ row, distance }) =>
                el(
                  "li",
                  {},
                  choice(row, () => panel.focus({ preventScroll: true })),
                  el("span", {
                    className: "distance",
                    title: "Learned distance: 0 is the same drink",
                    textContent: distance.toFixed(2),
                  }),
                ),
              ),
            ),
          )
        : "",
    );
    panel.scrollTop = 0;
  }

  /** A recipe's name as a button that selects it. */
  function choice(i, after) {
    const button = el(
      "button",
      {
        type: "button",
        className: "link",
        onclick: () => {
          select(i, null);
          after?.();
        },
      },
      createSwatch(model.groupOf(i)),
      recipes.name[i],
    );
    button.dataset.row = i;
    return button;
  }

  // The list: recipes in the lasso, search results, or recipes in view ----------------------------------
  const listing = document.getElementById("listing");
  const more = document.getElementById("listing-more");
  const drop = document.getElementById("drop-lasso");

  function list() {
    if (listCard.hidden) return;
    const [title, rows] = model.within
      ? ["In the lasso", model.order]
      : model.searching
        ? ["Found", model.order]
        : ["In view", main.inView()];
    document.getElementById("listing-title").textContent = title;
    document.getElementById("listing-status").textContent = count(rows.length, "recipe", "recipes");
    drop.hidden = !model.within;
    listing.replaceChildren(
      ...rows.slice(0, listed).map((i) => {
        const button = choice(i);
        if (i === model.selected) button.setAttribute("aria-current", "true");
        return el("li", {}, button);
      }),
    );
    more.hidden = rows.length <= listed;
  }
  more.addEventListener("click", () => {
    const first = listed;
    listed += LISTED;
    list();
    listing.children[first]?.firstChild.focus();
  });

  function lasso(caught) {
    model.within = new Set(caught);
    showList(true);
    refilter();
    announce(`${count(caught.length, "recipe", "recipes")} in the lasso`);
  }
  drop.addEventListener("click", () => {
    model.within = null;
    refilter();
    main.over.focus({ preventScroll: true });
  });

  // Search and legend -------------------------------------------------------------------------------
  const table = createRecipeTable(document.getElementById("recipe-table"), model, (i) =>
    el("a", { href: `/recipes/${recipes.id[i]}`, textContent: recipes.name[i] }),
  );

  function refilter() {
    model.filter();
    box.dataset.lit = model.order.length;
    document.getElementById("search-status").textContent = foundText(model);
    hover(-1, null);
    for (const map of maps()) map.filtered();
    listed = LISTED;
    list();
    table.fill(true);
  }

  const legend = createLegend(document.getElementById("legend"), model, () => {
    setAddress({ groups: [...model.chosen].map((g) => model.groups[g].key).join(",") });
    refilter();
  });
  search.addEventListener("input", () => {
    model.search(search.value);
    if (model.searching && !narrow.matches) showList(true);
    setAddress({ q: search.value.trim() });
    refilter();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !search.value) return;
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  addEventListener("keydown", (event) => {
    if (
      event.key !== "/" ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)
    )
      return;
    event.preventDefault();
    search.focus();
  });
  // Enter cycles through the matches.
  document.getElementById("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!model.order.length || !model.searching) return;
    select(model.order[(model.order.indexOf(model.selected) + 1) % model.order.length], null);
  });

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
      arrange();
      list();
    }),
  ).observe(main.stage);
  restore();
  return { main, model };
}

async function load() {
  message.replaceChildren();
  try {
    const { data, metadata } = await getJson("analytics/atlas");
    document.getElementById("freshness").replaceChildren(freshness(metadata));
    if (!data.recipes.id.length) {
      message.replaceChildren(
        el("p", {
          className: "empty",
          textContent: "No recipes on the map yet. Add recipes and refresh the analytics.",
        }),
      );
      return;
    }
    for (const id of [
      "search-form",
      "map-switch",
      "list-button",
      "maps",
      "legend-box",
      "map-notes",
    ]) {
      document.getElementById(id).hidden = false;
    }
    globalThis.atlas = start(data); // for the console, the tests and the benchmark
  } catch (error) {
    if (error.status === 404) {
      message.replaceChildren(
        el(
          "div",
          { className: "empty" },
          el("p", { textContent: `There is no map yet. ${error.message}` }),
          el(
            "p",
            {},
            el("a", { href: "/status", textContent: "Open the status page to start a refresh" }),
          ),
        ),
      );
    } else if (error.name === "Problem") message.replaceChildren(problemBox(error, load));
    else throw error;
  }
}
load();
