// Lists around the maps: the legend, which filters, and the table of recipes.
import { count, el, number } from "./elements.js";
import { createSwatch } from "./marks.js";

/**
 * Fill the legend; its chips choose groups.
 *
 * @returns {{show: () => void}} redraws after the model's choice changed elsewhere
 */
export function createLegend(container, model, changed) {
  const sizes = d3.rollup(
    model.recipes.group,
    (members) => members.length,
    (group) => group,
  );
  const chips = new Map();
  model.groups.forEach((group, index) => {
    if (!sizes.has(index)) return;
    const chip = el(
      "button",
      {
        type: "button",
        className: "chip",
        onclick: () => {
          if (!model.chosen.delete(index)) model.chosen.add(index);
          show();
          changed();
        },
      },
      createSwatch(group),
      el("span", { textContent: group.label }),
      el("span", { className: "count", textContent: number(sizes.get(index)) }),
    );
    chips.set(index, chip);
  });
  const clear = el("button", {
    type: "button",
    className: "chip clear",
    textContent: "Show all",
    onclick: () => {
      model.chosen.clear();
      container.querySelector(".chip").focus();
      show();
      changed();
    },
  });
  function show() {
    for (const [index, chip] of chips)
      chip.setAttribute("aria-pressed", String(model.chosen.has(index)));
    container.classList.toggle("choosing", model.chosen.size > 0);
    clear.hidden = model.chosen.size === 0;
  }
  container.replaceChildren(...chips.values(), clear);
  show();
  return { show };
}

/** The search result in a sentence; "" when there is no search. */
export function foundText(model) {
  const lit = model.order.length;
  if (!model.searching) return model.chosen.size ? `${count(lit, "recipe", "recipes")} shown` : "";
  return lit ? count(lit, "recipe matches", "recipes match") : "No matches. Remove a filter";
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
        ? "No matches. Remove a filter"
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
