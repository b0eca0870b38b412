// The card of the selected recipe: what it is made of, and its closest relatives.
import { createComposition } from "../shared/atlas-lists.js";
import { el } from "../shared/elements.js";
import { createSwatch } from "../shared/marks.js";

/** A recipe's name as a button that selects it. */
export function recipeButton(model, i, choose) {
  const button = el(
    "button",
    { type: "button", className: "link", onclick: () => choose(i) },
    createSwatch(model.classOf(i)),
    model.recipes.name[i],
  );
  button.dataset.row = i;
  return button;
}

/** What is known of a recipe besides its ingredients, in a line. */
function factsText(model, i) {
  const strength = model.recipes.strength?.[i];
  const rating = model.facts.rating[i];
  return [
    strength == null ? "" : `about ${Math.round(strength)} % as poured`,
    rating === null ? "" : `★ ${rating.toFixed(1)}`,
    model.facts.tags[i].join(", "),
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * Fill the card.
 *
 * @param choose selects another recipe
 * @param clear clears the selection
 */
export function describeRecipe(panel, model, i, { choose, clear }) {
  const group = model.groupOf(i);
  const ingredients = model.ingredientsOf(i);
  const near = model.nearest(i);
  const id = model.recipes.id[i];
  const facts = factsText(model, i);
  panel.dataset.recipe = id;
  panel.replaceChildren(
    el(
      "div",
      {},
      el("h2", { textContent: model.recipes.name[i] }),
      el("button", {
        type: "button",
        className: "close",
        textContent: "×",
        "aria-label": "Clear selection",
        onclick: clear,
      }),
      el("p", { className: "base-name" }, createSwatch(group), group.label),
      facts ? el("p", { className: "status", textContent: facts }) : "",
      createComposition(ingredients),
      el(
        "p",
        { className: "actions" },
        el("a", {
          className: "button primary",
          href: `/recipes/${id}`,
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
                recipeButton(model, row, (other) => {
                  choose(other);
                  panel.focus({ preventScroll: true });
                }),
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
