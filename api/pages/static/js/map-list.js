// The list beside the map: recipes in the lasso, search results, or recipes in view.
import { count, el } from "../shared/elements.js";
import { recipeButton } from "./map-selection.js";

const LISTED = 100;

/**
 * @param map the map whose view is listed
 * @param choose selects a recipe
 * @returns {{show: (first?: boolean) => void, mark: () => void}} redraws, from the first recipe if
 *   asked; marks the selected one
 */
export function createList(card, model, map, choose) {
  const listing = card.querySelector("#listing");
  const more = card.querySelector("#listing-more");
  let listed = LISTED;

  function show(first = false) {
    if (first) listed = LISTED;
    if (card.hidden) return;
    const [title, rows] = model.within
      ? ["In the lasso", model.order]
      : model.searching
        ? ["Found", model.order]
        : ["In view", map.inView()];
    card.querySelector("#listing-title").textContent = title;
    card.querySelector("#listing-status").textContent = count(rows.length, "recipe", "recipes");
    card.querySelector("#drop-lasso").hidden = !model.within;
    listing.replaceChildren(
      ...rows.slice(0, listed).map((i) => el("li", {}, recipeButton(model, i, choose))),
    );
    more.hidden = rows.length <= listed;
    mark();
  }

  function mark() {
    for (const item of listing.querySelectorAll("[aria-current]"))
      item.removeAttribute("aria-current");
    listing.querySelector(`[data-row="${model.selected}"]`)?.setAttribute("aria-current", "true");
  }

  more.addEventListener("click", () => {
    const first = listed;
    listed += LISTED;
    show();
    listing.children[first]?.firstChild.focus();
  });
  return { show, mark };
}
