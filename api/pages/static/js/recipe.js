// One recipe and its closest relatives.
import { el } from "../shared/elements.js";
import { readStyle } from "./amounts.js";
import { getJson, send } from "./api.js";
import { createIngredientTable } from "./recipe-amounts.js";
import { drawRelatives } from "./recipe-relatives.js";
import { drawRecipe } from "./recipe-view.js";
import { isNotComputed, problemBox, showNotice } from "./states.js";
import { loadUnits } from "./units.js";

// Ask ever more slowly whether the relatives of a changed recipe are there.
const FIRST_MS = 2000;
const SLOWEST_MS = 30_000;

const id = Number(location.pathname.split("/")[2]);
const box = document.getElementById("recipe");
const similarBox = document.getElementById("similar");
const notice = document.getElementById("notice");

let style = readStyle();
let similar = null;

function drawSimilar() {
  if (similar) similarBox.replaceChildren(...drawRelatives(similar, style));
}

/** Load the relatives once more when the published snapshot has the latest changes. */
function awaitRelatives(delay = FIRST_MS) {
  setTimeout(async () => {
    try {
      // A hidden tab asks nothing.
      const { snapshot, stale } = document.hidden ? {} : await getJson("analytics/status");
      if (snapshot && !stale) {
        await loadSimilar();
        notice
          .querySelector(".done")
          ?.replaceChildren("Saved. The relatives include your changes.");
        return;
      }
    } catch {
      // The page stays as it is; the next look may reach the server.
    }
    awaitRelatives(Math.min(delay * 1.5, SLOWEST_MS));
  }, delay);
}

/** Load the relatives; returns whether the snapshot holds the recipe as it is now. */
async function loadSimilar() {
  try {
    const found = await getJson(`analytics/recipe-similar/${id}`);
    similar = found;
    drawSimilar();
    return !found.metadata.stale;
  } catch (error) {
    similarBox.replaceChildren(
      error.status === 404 && !isNotComputed(error)
        ? el(
            "div",
            { className: "empty" },
            el("p", { textContent: error.message }),
            el(
              "p",
              {},
              "New recipes get relatives with the next refresh: ",
              el("a", { href: "/status", textContent: "see its progress" }),
              ".",
            ),
          )
        : problemBox(error, loadSimilar),
    );
    return error.status !== 404;
  }
}

async function load() {
  try {
    const [{ body: recipe, etag }, units] = await Promise.all([
      send("GET", `recipes/${id}`),
      loadUnits().catch(() => []),
    ]);
    document.title = `${recipe.name} – ${document.title.split(" – ").at(-1)}`;
    const table = createIngredientTable(recipe, units, (chosen) => {
      style = chosen;
      drawSimilar();
    });
    box.replaceChildren(...drawRecipe(recipe, etag, table));
    box.removeAttribute("aria-busy");
    const current = await loadSimilar();
    // Someone else's change does not replace what is being read: only one's own is waited for.
    if (!current && notice.querySelector(".done")) awaitRelatives();
  } catch (error) {
    box.removeAttribute("aria-busy");
    box.replaceChildren(
      el("h1", { textContent: error.status === 404 ? "Recipe not found" : "Recipe" }),
      problemBox(error, load),
      el("p", {}, el("a", { href: "/recipes", textContent: "Search the recipes" })),
    );
    similarBox.closest("section").hidden = true;
  }
}

showNotice(" ", el("a", { href: "/status", textContent: "Status" }));
load();
