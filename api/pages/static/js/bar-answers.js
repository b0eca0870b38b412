// The answers about a shelf: what the API found, as a status line and elements.
import { count, el } from "../shared/elements.js";
import { writeOne } from "./amounts.js";

/** Recipes named below a bottle; the rest are counted. */
const NAMED = 6;
/** Bottles listed as one away, and recipes that would use an unused bottle. */
const BOTTLES = 12;
const USES = 3;

/** What can be made now. */
export function drawNow({ recipes }) {
  const status = `${count(recipes.length, "drink", "drinks")} to make now`;
  if (!recipes.length) return { status, parts: [none("Nothing yet. See what to buy next.")] };
  const items = recipes.map((recipe) => {
    const facts = [count(recipe.ingredient_count, "ingredient", "ingredients")];
    if (recipe.rating !== null) facts.push(`★ ${recipe.rating.toFixed(1)}`);
    return card(recipeLink(recipe), contents(facts.join(" · ")));
  });
  return { status, parts: [list(items)] };
}

/** What to buy next. */
export function drawNext({ one_away: away, shopping_list: shopping }) {
  // The API names at most 50 of them: a count of all is not known.
  const status =
    away.length > BOTTLES
      ? `The ${BOTTLES} bottles that unlock the most drinks`
      : `${count(away.length, "bottle unlocks", "bottles unlock")} drinks`;
  if (!away.length) return { status, parts: [none("No drink is one bottle away.")] };
  const longest = Math.max(...[...away, ...shopping].map((row) => row.unlocks));
  return {
    status,
    parts: [
      part("Shopping list, in order", bars(shopping, longest)),
      part("One bottle away", bars(away.slice(0, BOTTLES), longest)),
    ],
  };
}

/** What replaces a bottle that ran out. */
export function drawWithout({ affected }, units, style) {
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  const items = affected.map((fix) => {
    const { ingredient, replacement } = fix;
    const unit = byName.get(fix.unit) ?? (fix.unit && { name: fix.unit, conversion_to_ml: null });
    const measure = writeOne(fix.amount, unit || null, style);
    const line = el("p", { className: "swap-line" });
    if (!replacement) {
      const text = `No good stand-in for ${ingredient.ingredient_name}`;
      line.append(el("span", { className: "none", textContent: text }));
      return card(recipeLink(fix), line);
    }
    line.append(
      measure ? `Pour ${measure} ` : "Use ",
      el("strong", { textContent: replacement.ingredient_name }),
      ` instead of ${ingredient.ingredient_name}`,
    );
    const why = replacement.family
      ? "same family"
      : `swapped in ${count(replacement.support, "pair", "pairs")} of near-identical drinks`;
    return card(recipeLink(fix), line, contents(`${replacement.rating}; ${why}`));
  });
  return {
    status: affected.length
      ? `${count(affected.length, "drink needs", "drinks need")} a fix`
      : "No drink is affected: other bottles cover it.",
    parts: [list(items)],
  };
}

/** How many drinks each bottle serves. */
export function drawStock({ bottles }) {
  const unused = bottles.filter((bottle) => !bottle.serves).length;
  const items = bottles.map((bottle) => {
    const use = `${count(bottle.serves, "drink", "drinks")} to make now; ${count(bottle.wanted_by, "recipe asks", "recipes ask")} for it`;
    const item = card(bottle.ingredient_name, contents(use));
    item.classList.add("stock-line");
    if (bottle.serves) return item;
    item.classList.add("unused");
    for (const need of bottle.would_use.slice(0, USES)) {
      const missing = need.missing.map((one) => one.ingredient_name).join(", ");
      item.append(
        el("p", { className: "names" }, recipeLink(need), ` would use it; needs ${missing}`),
      );
    }
    return item;
  });
  return {
    status: unused
      ? `${count(unused, "bottle serves", "bottles serve")} no drink`
      : "Every bottle serves a drink",
    parts: [list(items)],
  };
}

/** A link to a recipe. */
export function recipeLink(recipe) {
  return el("a", { href: `/recipes/${recipe.recipe_id}`, textContent: recipe.recipe_name });
}

/** A card of a list. */
export function card(title, ...children) {
  return el("li", { className: "recipe-card" }, el("h3", {}, title), ...children);
}

/** A list of cards. */
export function list(items) {
  return el("ol", { className: "recipe-list" }, ...items);
}

/** A part of an answer, below a heading. */
export function part(title, ...children) {
  return el("section", { className: "answer-part" }, el("h2", { textContent: title }), ...children);
}

/** A line of small text in a card. */
export function contents(text) {
  return el("p", { className: "contents-line", textContent: text });
}

function none(text) {
  return el("div", { className: "empty" }, el("p", { textContent: text }));
}

function bars(rows, longest) {
  return el(
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
}

function names(recipes, total) {
  const line = el("p", { className: "names" });
  for (const [index, recipe] of recipes.slice(0, NAMED).entries()) {
    line.append(index ? ", " : "", recipeLink(recipe));
  }
  if (total > NAMED) line.append(` and ${total - NAMED} more`);
  return line;
}
