// Ingredient usage: bars with drill-down, and the same figures as a table.
import { breadcrumb, count, el, number, pathTo } from "./elements.js";

const FIRST = 12;

/**
 * Draw the bars and keep them drawn.
 *
 * @param {object} options
 * @param {HTMLElement} options.bars list that gets a row for each ingredient
 * @param {HTMLButtonElement} options.more shows all rows
 * @param {HTMLElement} options.crumbs gets the breadcrumb
 * @param {HTMLElement} options.table holds a table of four columns
 * @param {object} options.top the first level, as nodes of `linkTree`
 * @param {(group: number) => string} options.tone CSS color of a group
 * @param {(row: object) => Node[]} [options.links] extra content of a row
 * @param {(place: object) => void} [options.onGo] called when the reader drills into a place
 * @returns {{go: (place: object) => void}} goes to a place
 */
export function createUsageBars({ bars, more, crumbs, table, top, tone, links, onGo }) {
  let focus = top;
  let all = false;

  function draw() {
    const rows = focus.children;
    const longest = d3.max(rows, (row) => row.total) || 1;
    const visible = all ? rows : rows.slice(0, FIRST);
    bars.replaceChildren(
      ...visible.map((row) => {
        const bar = el("span", { className: "bar" });
        bar.style.width = `${(100 * row.total) / longest}%`;
        const solid = el("span", { className: "solid" });
        solid.style.width = row.total ? `${(100 * row.direct) / row.total}%` : "0";
        bar.append(solid);
        const label =
          `${row.name}: ${count(row.total, "recipe", "recipes")}, ` +
          `${number(row.direct)} directly`;
        const parts = [
          el("span", { className: "name", textContent: row.name }),
          el("span", { className: "track" }, bar),
          el("span", { className: "count", textContent: number(row.total) }),
        ];
        const box = row.children.length
          ? el(
              "button",
              {
                type: "button",
                className: "row",
                title: label,
                "aria-label": `${label}; show its ${count(row.children.length, "kind", "kinds")}`,
                onclick: () => take(row),
              },
              ...parts,
            )
          : el("div", { className: "row", title: label }, ...parts);
        const item = el("li", {}, box, ...(links?.(row) ?? []));
        item.style.setProperty("--tone", tone(row.group));
        return item;
      }),
    );
    more.hidden = rows.length <= FIRST;
    more.textContent = all ? `Show the first ${FIRST}` : `Show all ${number(rows.length)}`;
    more.setAttribute("aria-expanded", String(all));
    breadcrumb(crumbs, path(), take);
    table.querySelector("caption").textContent =
      focus === top ? "Usage of ingredients, first level" : `Usage of the kinds of ${focus.name}`;
    table
      .querySelector("tbody")
      .replaceChildren(
        ...rows.map((row) =>
          el(
            "tr",
            {},
            el("th", { scope: "row", textContent: row.name }),
            ...[row.total, row.direct, row.children.length].map((value) =>
              el("td", { className: "number", textContent: number(value) }),
            ),
          ),
        ),
      );
  }

  /** The path from the top, which represents the tree's root. */
  function path() {
    return focus === top ? [top] : [top, ...pathTo(focus).filter((place) => place.parent)];
  }

  function go(place) {
    focus = place;
    all = false;
    draw();
  }

  /** The reader selected a bar: keep keyboard focus in the chart. */
  function take(place) {
    go(place);
    (bars.querySelector("button") || crumbs.querySelector("button"))?.focus({
      preventScroll: true,
    });
    onGo?.(place);
  }

  more.addEventListener("click", () => {
    all = !all;
    draw();
  });
  draw();
  return { go };
}
