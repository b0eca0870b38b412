// My bar: one shelf and the questions about it.
import { count, el, fold } from "../shared/elements.js";
import { getJson, onSignIn } from "./api.js";
import { createCombobox } from "./combobox.js";
import { createIngredientPicker, searchIngredients } from "./ingredient-search.js";
import { readShelf, saveShelf, syncShelf } from "./shelf.js";
import { problemBox, skeletonRows } from "./states.js";

const MENU_LIMIT = 20;

const views = document.getElementById("views");
const controls = document.getElementById("controls");
const status = document.getElementById("bar-status");
const answer = document.getElementById("answer");
const kinds = document.getElementById("kinds");
const clear = document.getElementById("empty-shelf");

const picker = createIngredientPicker({
  id: "shelf",
  label: "Bottles",
  hint: "A kind covers what is below it: “Gin” says that any gin will do.",
  changed: shelfChanged,
});
document.getElementById("shelf-picker").append(picker.node);

let running = null;
let like = null;
let empty = null;
let order = "ingredients";
let menu = [];

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
  if (!ids) return;
  await picker.set(ids);
  load();
}

function ask(question, params = {}) {
  return getJson(`analytics/bar/${question}`, { params, signal: running.signal });
}

async function load() {
  running?.abort();
  running = new AbortController();
  const have = picker.ids();
  clear.hidden = !have.length;
  document.getElementById("shelf-count").textContent = have.length
    ? count(have.length, "bottle", "bottles")
    : "";
  drawControls();
  kinds.replaceChildren();
  if (!have.length && view() !== "menu") {
    status.textContent = "";
    answer.replaceChildren(
      el(
        "div",
        { className: "empty" },
        el("p", {
          textContent:
            "Your shelf is empty. Add the bottles you have: type a name, or paste a list.",
        }),
      ),
    );
    return;
  }
  if (!answer.children.length) answer.replaceChildren(el("ul", {}, ...skeletonRows(6)));
  try {
    const parts = await VIEWS[view()](have);
    answer.replaceChildren(...parts);
    if (have.length) showKinds(await ask("next", { have, count: 1 }));
  } catch (error) {
    if (error.name === "AbortError") return;
    status.textContent = "";
    answer.replaceChildren(problemBox(error, load));
  }
}

/** Offer the kinds that would make more drinks. */
function showKinds({ kinds: offers }) {
  kinds.replaceChildren(
    ...(offers.length
      ? [
          el(
            "div",
            { className: "offers" },
            ...offers.slice(0, 3).map((offer) =>
              el("button", {
                type: "button",
                className: "chip",
                textContent: `Any ${offer.ingredient_name} will do: +${count(offer.gained, "drink", "drinks")}`,
                onclick: async () => {
                  await picker.set([...picker.ids(), offer.ingredient_id]);
                  shelfChanged();
                },
              }),
            ),
          ),
        ]
      : []),
  );
}

function recipeLink(recipe) {
  return el("a", { href: `/recipes/${recipe.recipe_id}`, textContent: recipe.recipe_name });
}

function names(recipes, total = recipes.length) {
  const line = el("p", { className: "names" });
  for (const [index, recipe] of recipes.slice(0, 6).entries()) {
    line.append(index ? ", " : "", recipeLink(recipe));
  }
  if (total > 6) line.append(` and ${total - 6} more`);
  return line;
}

function card(title, ...children) {
  return el("li", { className: "recipe-card" }, el("h3", {}, title), ...children);
}

function list(items) {
  return el("ol", { className: "recipe-list" }, ...items);
}

const VIEWS = {
  async now(have) {
    const params = { have, order: order === "similarity" && !like ? "ingredients" : order };
    if (params.order === "similarity") params.like = like.id;
    const { recipes } = await ask("now", params);
    status.textContent = `${count(recipes.length, "drink", "drinks")} to make now`;
    if (!recipes.length) {
      return [
        el(
          "div",
          { className: "empty" },
          el("p", { textContent: "Nothing yet. See what to buy next." }),
        ),
      ];
    }
    return [
      list(
        recipes.map((recipe) =>
          card(
            recipeLink(recipe),
            el("p", {
              className: "contents-line",
              textContent: [
                count(recipe.ingredient_count, "ingredient", "ingredients"),
                recipe.rating === null ? "" : `★ ${recipe.rating.toFixed(1)}`,
              ]
                .filter(Boolean)
                .join(" · "),
            }),
          ),
        ),
      ),
    ];
  },

  async next(have) {
    const found = await ask("next", { have });
    status.textContent = `${count(found.one_away.length, "bottle unlocks", "bottles unlock")} drinks`;
    const longest = found.one_away[0]?.unlocks ?? 1;
    const bars = (rows) =>
      el(
        "ol",
        { className: "bars unlock" },
        ...rows.map((row) => {
          const bar = el("span", { className: "bar" }, el("span", { className: "solid" }));
          bar.style.width = `${(100 * row.unlocks) / longest}%`;
          bar.firstChild.style.width = "100%";
          return el(
            "li",
            {},
            el(
              "div",
              { className: "row" },
              el("span", { className: "name", textContent: row.ingredient_name }),
              el("span", { className: "track" }, bar),
              el("span", { className: "count", textContent: String(row.unlocks) }),
            ),
            names(row.recipes, row.unlocks),
          );
        }),
      );
    if (!found.one_away.length) {
      return [
        el("div", { className: "empty" }, el("p", { textContent: "No drink is one bottle away." })),
      ];
    }
    return [
      el(
        "section",
        { className: "answer-part" },
        el("h2", { textContent: "Shopping list, in order" }),
        bars(found.shopping_list),
      ),
      el(
        "section",
        { className: "answer-part" },
        el("h2", { textContent: "One bottle away" }),
        bars(found.one_away.slice(0, 12)),
      ),
    ];
  },

  async without(have) {
    if (!empty || !have.includes(empty)) {
      status.textContent = "Choose the bottle that ran out.";
      return [];
    }
    const { affected } = await ask("without", { have, empty });
    status.textContent = affected.length
      ? `${count(affected.length, "drink needs", "drinks need")} a fix`
      : "No drink is affected: other bottles cover it.";
    return [
      list(
        affected.map((fix) => {
          const measure = [
            fix.amount === null ? "" : String(Math.round(fix.amount * 100) / 100),
            fix.unit ?? "",
          ]
            .filter(Boolean)
            .join(" ");
          const line = el("p", { className: "swap-line" });
          if (fix.replacement) {
            line.append(
              `Pour ${measure} `,
              el("strong", { textContent: fix.replacement.ingredient_name }),
              ` instead of ${fix.ingredient.ingredient_name}`,
            );
          } else {
            line.append(
              el("span", {
                className: "none",
                textContent: `No good stand-in for ${fix.ingredient.ingredient_name}`,
              }),
            );
          }
          const why = fix.replacement
            ? `${fix.replacement.rating}; ${fix.replacement.family ? "same family" : `swapped in ${count(fix.replacement.support, "pair", "pairs")} of near-identical drinks`}`
            : "";
          return card(
            recipeLink(fix),
            line,
            el("p", { className: "contents-line", textContent: why }),
          );
        }),
      ),
    ];
  },

  async stock(have) {
    const { bottles } = await ask("stock", { have });
    const unused = bottles.filter((bottle) => !bottle.serves).length;
    status.textContent = `${count(unused, "bottle serves", "bottles serve")} no drink`;
    return [
      list(
        bottles.map((bottle) => {
          const item = card(
            bottle.ingredient_name,
            el("p", {
              className: "contents-line",
              textContent: `${count(bottle.serves, "drink", "drinks")} to make now; ${count(bottle.wanted_by, "recipe asks", "recipes ask")} for it`,
            }),
          );
          item.classList.add("stock-line");
          if (!bottle.serves) item.classList.add("unused");
          for (const need of bottle.would_use.slice(0, bottle.serves ? 0 : 3)) {
            item.append(
              el(
                "p",
                { className: "names" },
                recipeLink(need),
                ` would use it; needs ${need.missing.map((one) => one.ingredient_name).join(", ")}`,
              ),
            );
          }
          return item;
        }),
      ),
    ];
  },

  async menu() {
    if (!menu.length) {
      status.textContent = `Add up to ${MENU_LIMIT} drinks.`;
      return [];
    }
    const found = await ask("menu", { recipe: menu.map((recipe) => recipe.id) });
    status.textContent = `${count(menu.length, "drink", "drinks")} on the menu`;
    const part = (title, items, none) =>
      el(
        "section",
        { className: "answer-part" },
        el("h2", { textContent: title }),
        items.length
          ? el("ul", {}, ...items.map((item) => el("li", {}, ...item)))
          : el("p", { className: "names", textContent: none }),
      );
    return [
      el(
        "section",
        { className: "answer-part" },
        el("h2", { textContent: "Menu" }),
        list(
          menu.map((recipe) =>
            card(
              el("a", { href: `/recipes/${recipe.id}`, textContent: recipe.name }),
              el("button", {
                type: "button",
                className: "link no-print",
                textContent: "Remove",
                onclick: () => {
                  menu = menu.filter((one) => one.id !== recipe.id);
                  setMenu();
                },
              }),
            ),
          ),
        ),
      ),
      el(
        "div",
        { className: "menu-tools" },
        el("button", {
          type: "button",
          className: "button",
          textContent: "Print",
          onclick: () => print(),
        }),
        el("a", {
          className: "button",
          textContent: "CSV",
          download: "menu.csv",
          href: `data:text/csv;charset=utf-8,${encodeURIComponent(["recipe_id,recipe_name", ...menu.map((recipe) => `${recipe.id},"${recipe.name.replaceAll('"', '""')}"`)].join("\r\n"))}`,
        }),
      ),
      part(
        "Near-duplicates",
        found.duplicates.map((pair) => [recipeLink(pair.first), " and ", recipeLink(pair.second)]),
        "No two drinks are near-duplicates.",
      ),
      part(
        "Gaps on the map",
        found.gaps.slice(0, 8).map((gap) => [`${gap.region}: try `, recipeLink(gap.suggestion)]),
        "The menu covers every neighborhood.",
      ),
      part(
        "Bottles that serve one drink only",
        found.single_use.map((one) => [`${one.ingredient_name}: `, recipeLink(one.recipe)]),
        "Every bottle serves several drinks.",
      ),
    ];
  },
};

// Controls of each question ------------------------------------------------------------------------

function recipeBox(id, label, choose) {
  const { node } = createCombobox({
    id,
    placeholder: "Type a recipe",
    search: async (text, signal) =>
      (await getJson("recipes", { params: { q: text, limit: 8 }, signal })).items,
    show: (recipe) => ({
      name: recipe.name,
      note: count(recipe.ingredients.length, "ingredient", "ingredients"),
    }),
    choose,
  });
  return el("div", { className: "field" }, el("label", { htmlFor: id, textContent: label }), node);
}

function choice(id, label, options, value, changed) {
  const box = el("select", { id });
  for (const [key, text] of options)
    box.append(el("option", { value: key, textContent: text, selected: key === value }));
  box.addEventListener("change", () => changed(box.value));
  return el("div", { className: "field" }, el("label", { htmlFor: id, textContent: label }), box);
}

let drawn = "";

function drawControls() {
  const state = JSON.stringify([view(), order, picker.ids()]);
  if (state === drawn) return;
  drawn = state;
  const parts = [];
  if (view() === "now") {
    parts.push(
      choice(
        "order",
        "Sort by",
        [
          ["ingredients", "fewest ingredients"],
          ["rating", "rating"],
          ["similarity", "closeness to a drink"],
        ],
        order,
        (value) => {
          order = value;
          load();
        },
      ),
    );
    if (order === "similarity") {
      parts.push(
        recipeBox("like", "A drink you like", (recipe) => {
          like = recipe;
          load();
          return recipe.name;
        }),
      );
    }
  } else if (view() === "without") {
    const bottles = picker.chosen();
    if (!bottles.some(([id]) => id === empty)) empty = bottles[0]?.[0] ?? null;
    parts.push(
      choice(
        "empty",
        "Empty bottle",
        bottles.map(([id, name]) => [String(id), name]),
        String(empty),
        (value) => {
          empty = Number(value);
          load();
        },
      ),
    );
  } else if (view() === "menu") {
    parts.push(
      recipeBox("menu-add", "Add a drink", (recipe) => {
        if (menu.length < MENU_LIMIT && !menu.some((one) => one.id === recipe.id))
          menu.push({ id: recipe.id, name: recipe.name });
        setMenu();
      }),
    );
  }
  controls.replaceChildren(...parts);
}

function setMenu() {
  showAddress();
  load();
}

/** The question and the menu are in the URL; the shelf is not, because it belongs to this browser. */
function showAddress() {
  const params = new URLSearchParams();
  if (view() !== "now") params.set("view", view());
  for (const recipe of menu) params.append("recipe", recipe.id);
  history.replaceState(null, "", params.size ? `?${params}` : location.pathname);
}

async function restore() {
  const params = new URLSearchParams(location.search);
  const wanted = views.querySelector(`[value="${CSS.escape(params.get("view") ?? "now")}"]`);
  if (wanted) wanted.checked = true;
  const ids = params
    .getAll("recipe")
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  menu = (
    await Promise.all(
      [...new Set(ids)].slice(0, MENU_LIMIT).map((id) =>
        getJson(`recipes/${id}`).then(
          (recipe) => ({ id, name: recipe.name }),
          () => null,
        ),
      ),
    )
  ).filter(Boolean);
  await picker.set(readShelf());
  // On a phone a filled shelf is folded away, so that the answer is on the first screen.
  if (!picker.ids().length || matchMedia("(min-width: 900px)").matches)
    document.getElementById("shelf-box").open = true;
  drawn = "";
  load();
}

document.getElementById("paste-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = document.getElementById("paste");
  const result = document.getElementById("paste-result");
  const lines = [
    ...new Set(
      field.value
        .split(/[\n,;]/)
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  ];
  const found = await Promise.all(
    lines.map(async (line) => {
      const items = await searchIngredients(line).catch(() => []);
      return items.find((item) => fold(item.name) === fold(line)) ?? items[0] ?? null;
    }),
  );
  const unknown = lines.filter((_, index) => !found[index]);
  const ids = found.filter(Boolean).map((item) => item.id);
  await picker.set([...new Set([...picker.ids(), ...ids])]);
  field.value = unknown.join("\n");
  result.textContent =
    `${count(ids.length, "bottle", "bottles")} added.` +
    (unknown.length ? ` Not found: ${unknown.join(", ")}.` : "");
  shelfChanged();
});
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
restore().then(() => onSignIn((signedIn) => signedIn && sync()));
