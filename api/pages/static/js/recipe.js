// One recipe: its ingredients and its closest relatives.
import { count, el, number } from "../shared/elements.js";
import { getJson, onSignIn, send } from "./api.js";
import { drawPlan, gist, milliliters } from "./plan.js";
import { freshness, problemBox } from "./states.js";

const OPEN = 3;
// Ask ever more slowly whether the relatives of a changed recipe are there.
const FIRST_MS = 2000;
const SLOWEST_MS = 30_000;

const id = Number(location.pathname.split("/")[2]);
const box = document.getElementById("recipe");
const similarBox = document.getElementById("similar");
const notice = document.getElementById("notice");

/** An external link if the URL is http(s); plain text otherwise. */
function outward(address, text) {
  const safe = URL.canParse(address) && ["http:", "https:"].includes(new URL(address).protocol);
  return safe
    ? el("a", { href: address, rel: "noreferrer noopener", textContent: text })
    : el("span", { textContent: text });
}

function amountText({ amount, unit_id: id, unit_name: unit }, units) {
  // "To top" and "to rinse" have no amount worth reading.
  if (/^to (top|rinse)$/i.test(unit ?? "")) return unit;
  const figure = amount === null ? "" : number(Number(amount.toFixed(2)));
  return [figure, units.get(id) ?? unit].filter(Boolean).join(" ") || "–";
}

/** Abbreviations of units by id. */
async function abbreviations() {
  const { items } = await getJson("units", { params: { limit: 100 } });
  return new Map(
    items.filter((unit) => unit.abbreviation).map((unit) => [unit.id, unit.abbreviation]),
  );
}

function ingredientTable(recipe, units) {
  const total = recipe.ingredients.reduce((sum, line) => sum + (line.volume_ml ?? 0), 0);
  const largest = Math.max(...recipe.ingredients.map((line) => line.volume_ml ?? 0), 0);
  const rows = recipe.ingredients.map((line) => {
    const amount = amountText(line, units);
    const volume = line.volume_ml === null ? "–" : milliliters(line.volume_ml);
    const bar = el("span", { className: "volume-bar", "aria-hidden": "true" }, el("span"));
    bar.firstChild.style.width = largest ? `${(100 * (line.volume_ml ?? 0)) / largest}%` : "0";
    return el(
      "tr",
      {},
      el("td", { className: "amount", textContent: amount }),
      el(
        "th",
        { scope: "row" },
        el("a", {
          href: `/substitutes?ingredient=${line.ingredient_id}`,
          title: `Substitutes for ${line.ingredient_name}`,
          textContent: line.ingredient_name,
        }),
        bar,
      ),
      // Leave out the volume when the amount already is in ml.
      el("td", { className: "number", textContent: volume === amount ? "" : volume }),
    );
  });
  return el(
    "table",
    { className: "ingredients" },
    el("caption", { className: "hidden-visually", textContent: "Ingredients" }),
    el(
      "thead",
      { className: "hidden-visually" },
      el(
        "tr",
        {},
        el("th", { scope: "col", textContent: "Amount" }),
        el("th", { scope: "col", textContent: "Ingredient" }),
        el("th", { scope: "col", textContent: "Volume" }),
      ),
    ),
    el("tbody", {}, ...rows),
    el(
      "tfoot",
      {},
      el(
        "tr",
        {},
        el("td"),
        el("th", { scope: "row", textContent: "Total" }),
        el("td", { className: "number", textContent: milliliters(total) }),
      ),
    ),
  );
}

function paragraphs(text) {
  return text
    .split(/\n\s*\n|\r?\n/)
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => el("p", { textContent: part }));
}

function showRecipe(recipe, etag, units) {
  document.title = `${recipe.name} – ${document.title.split(" – ").at(-1)}`;
  const head = el("header", { className: "recipe-head" }, el("h1", { textContent: recipe.name }));
  if (recipe.description)
    head.append(el("p", { className: "lede", textContent: recipe.description }));
  if (recipe.tags.length) {
    head.append(
      el(
        "ul",
        { className: "chips", "aria-label": "Tags" },
        ...recipe.tags.map((tag) =>
          el(
            "li",
            {},
            el("a", {
              className: "chip",
              href: `/recipes?${new URLSearchParams({ tag })}`,
              textContent: tag,
            }),
          ),
        ),
      ),
    );
  }
  const actions = el(
    "p",
    { className: "actions" },
    el("a", { className: "button", href: `/?recipe=${recipe.id}`, textContent: "Show on the map" }),
  );
  const current = { etag };
  const writing = [
    el("a", { className: "button", href: `/recipes/${recipe.id}/edit`, textContent: "Edit" }),
    el("button", {
      type: "button",
      className: "button danger",
      textContent: "Delete",
      onclick: () => askDelete(recipe, current.etag),
    }),
  ];
  actions.append(...writing);
  head.append(actions);

  const made = el(
    "section",
    { "aria-labelledby": "made-of" },
    el("h2", { id: "made-of", textContent: "Ingredients" }),
    recipe.ingredients.length
      ? ingredientTable(recipe, units)
      : el("p", { className: "empty", textContent: "No ingredients yet." }),
  );
  if (recipe.instructions) {
    made.append(
      el("h3", { textContent: "Method" }),
      el("div", { className: "prose" }, ...paragraphs(recipe.instructions)),
    );
  }
  if (recipe.source || recipe.source_url || recipe.image_url) {
    const line = el("p", { className: "source" });
    if (recipe.source || recipe.source_url) {
      line.append(
        "Source: ",
        recipe.source_url
          ? outward(recipe.source_url, recipe.source || recipe.source_url)
          : el("span", { textContent: recipe.source }),
      );
    }
    // A link, not an image: the content policy blocks third-party images, which would track readers.
    if (recipe.image_url)
      line.append(line.childNodes.length ? " · " : "", outward(recipe.image_url, "Picture"));
    made.append(line);
  }
  const rating = ratingBox(recipe, current);
  made.append(rating);
  onSignIn((signedIn) => {
    for (const part of [...writing, rating.querySelector("fieldset")]) part.hidden = !signedIn;
  });
  box.replaceChildren(head, made);
  box.removeAttribute("aria-busy");
}

function ratingBox(recipe, current) {
  const { average, count: voters } = recipe.rating;
  const node = el("div", { className: "rating" });
  node.append(
    el(
      "p",
      { className: "rating-line" },
      voters
        ? el(
            "span",
            {},
            el("span", { className: "stars", "aria-hidden": "true", textContent: "★ " }),
            el("strong", { textContent: average.toFixed(1) }),
            ` of 5 from ${count(voters, "rating", "ratings")}`,
          )
        : el("span", { textContent: "Not rated yet." }),
    ),
  );
  const status = el("span", { role: "status" });
  const field = el(
    "fieldset",
    { className: "stars-input" },
    el("legend", { textContent: "Your rating" }),
    ...[1, 2, 3, 4, 5].map((value) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name: "rating", value: String(value) }),
        el("span", { textContent: String(value) }),
      ),
    ),
    status,
  );
  field.addEventListener("change", async (event) => {
    try {
      await send("PUT", `ratings/${recipe.id}`, { body: { rating: Number(event.target.value) } });
      // The rating is part of the recipe, and so of its ETag.
      const {
        body: { rating },
        etag,
      } = await send("GET", `recipes/${recipe.id}`);
      current.etag = etag;
      node
        .querySelector(".rating-line")
        .replaceChildren(
          el("span", { className: "stars", "aria-hidden": "true", textContent: "★ " }),
          el("strong", { textContent: rating.average.toFixed(1) }),
          ` of 5 from ${count(rating.count, "rating", "ratings")}`,
        );
      status.textContent = " Thank you.";
    } catch (error) {
      status.textContent = ` ${error.message}`;
    }
  });
  node.append(field);
  return node;
}

function askDelete(recipe, etag) {
  const dialog = el(
    "dialog",
    { className: "ask", "aria-labelledby": "ask-title" },
    el("h2", { id: "ask-title", textContent: `Delete “${recipe.name}”?` }),
    el("p", {
      textContent: "This can't be undone. Maps and relatives update with the next refresh.",
    }),
    el(
      "p",
      { className: "actions" },
      el("button", {
        type: "button",
        className: "button",
        textContent: "Keep it",
        onclick: () => dialog.close(),
      }),
      el("button", {
        type: "button",
        className: "button danger",
        textContent: "Delete",
        onclick: remove,
      }),
    ),
  );
  async function remove() {
    try {
      await send("DELETE", `recipes/${recipe.id}`, { ifMatch: etag });
      sessionStorage.setItem(
        "notice",
        `“${recipe.name}” was deleted. Maps and relatives update with the next refresh.`,
      );
      location.assign("/recipes");
    } catch (error) {
      dialog.close();
      notice.replaceChildren(problemBox(error));
    }
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function showSimilar({ data, metadata }) {
  const farthest = Math.max(...data.similar.map((other) => other.distance), 0) || 1;
  const list = el(
    "ol",
    { className: "similar" },
    ...data.similar.map((other, index) => {
      const bar = el("span", { className: "near-bar", "aria-hidden": "true" }, el("span"));
      bar.firstChild.style.width = `${(100 * other.distance) / farthest}%`;
      const summary = el(
        "summary",
        {},
        el("span", { className: "name", textContent: other.recipe_name }),
        el(
          "span",
          { className: "distance" },
          bar,
          el("span", {
            className: "figure",
            title: "Distance: 0 is the same drink; larger is less alike",
            textContent: other.distance.toFixed(2),
          }),
        ),
        el("span", { className: "gist", "aria-hidden": "true", textContent: gist(other) }),
      );
      return el(
        "li",
        {},
        el(
          "details",
          { open: index < OPEN },
          summary,
          drawPlan(other),
          el(
            "p",
            { className: "go" },
            el("a", {
              href: `/recipes/${other.recipe_id}`,
              textContent: `Go to ${other.recipe_name}`,
            }),
          ),
        ),
      );
    }),
  );
  similarBox.replaceChildren(
    data.similar.length
      ? list
      : el("p", { className: "empty", textContent: "There are no other recipes to compare with." }),
    freshness(metadata),
  );
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
    showSimilar(found);
    return !found.metadata.stale;
  } catch (error) {
    similarBox.replaceChildren(
      error.status === 404
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

function showNotice() {
  const text = sessionStorage.getItem("notice");
  sessionStorage.removeItem("notice");
  if (text)
    notice.replaceChildren(
      el(
        "p",
        { className: "done", role: "status" },
        `${text} `,
        el("a", { href: "/status", textContent: "Status" }),
      ),
    );
}

async function load() {
  try {
    const [{ body: recipe, etag }, units] = await Promise.all([
      send("GET", `recipes/${id}`),
      abbreviations().catch(() => new Map()),
    ]);
    showRecipe(recipe, etag, units);
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

showNotice();
load();
