// The recipes beside the maps: how many match, and a table of them.
import { count, el, number } from "./elements.js";
import { createSwatch } from "./marks.js";

/** What every list says that has nothing to show. */
export const NO_MATCHES = "No matches. Remove a filter";

/** How many recipes match, in a sentence; "" when nothing is searched or filtered. */
export function foundText(model) {
  const lit = model.order.length;
  if (!lit) return NO_MATCHES;
  if (model.searching) return count(lit, "recipe matches", "recipes match");
  return model.filtering ? `${count(lit, "recipe", "recipes")} shown` : "";
}

/**
 * The matching recipes as a table, 25 per page, in a `details` with a table and a pager.
 *
 * @param name builds the content of a recipe's first cell
 * @returns {{fill: (first?: boolean) => void}} redraws it; `first` goes to the first page
 */
export function createRecipeTable(details, model, name) {
  const ROWS = 25;
  let page = 0;
  const [previous, next] = details.querySelectorAll(".pager button");
  function fill(first = false) {
    if (first) page = 0;
    if (!details.open) return;
    const found = model.order.length;
    const pages = Math.max(1, Math.ceil(found / ROWS));
    page = Math.max(0, Math.min(pages - 1, page));
    const start = page * ROWS;
    details
      .querySelector("tbody")
      .replaceChildren(
        ...model.order
          .slice(start, start + ROWS)
          .map((i) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, name(i)),
              el(
                "td",
                { className: "base-name" },
                createSwatch(model.groupOf(i)),
                model.groupOf(i).label,
              ),
              el("td", { textContent: model.ingredientsOf(i).join(", ") }),
            ),
          ),
      );
    details.querySelector("[role=status]").textContent =
      found === 0
        ? NO_MATCHES
        : `${number(start + 1)}–${number(Math.min(start + ROWS, found))} of ${number(found)}`;
    previous.disabled = page === 0;
    next.disabled = page === pages - 1;
  }
  details.addEventListener("toggle", () => fill());
  for (const [button, step] of [
    [previous, -1],
    [next, 1],
  ]) {
    button.addEventListener("click", () => {
      page += step;
      fill();
    });
  }
  return { fill };
}

/** A recipe's ingredients as a list, the largest volume first. */
export function createComposition(names) {
  if (!names.length)
    return el("p", { className: "status", textContent: "No ingredients are recorded." });
  const items = names.map((name) => el("li", { textContent: name }));
  return el("ol", { className: "composition" }, ...items);
}
