"use strict";
// Usage of ingredients: bars one can go into.
(() => {
  const { data, nodes, el, number, count, groupVariable, breadcrumb } = Report;
  const bars = document.getElementById("usage-bars");
  if (!bars) return;

  const FIRST = 12;
  const more = document.getElementById("usage-more");
  const crumbs = document.getElementById("usage-crumbs");
  const table = document.getElementById("usage-table");
  const byId = new Map(nodes.map((node) => [node.id, node]));
  // The first level is the published statistic itself; what lies below comes from the tree.
  const top = { name: "All ingredients", parent: null, children: data.usage.map((row) => {
    const node = byId.get(row.id);
    return { ...row, children: node ? node.children : [] };
  }) };
  let focus = top;
  let all = false;

  function draw() {
    const rows = focus.children;
    const longest = d3.max(rows, (row) => row.total) || 1;
    const visible = all ? rows : rows.slice(0, FIRST);
    bars.replaceChildren(...visible.map((row) => {
      const bar = el("span", { className: "bar" });
      bar.style.width = `${(100 * row.total) / longest}%`;
      const solid = el("span", { className: "solid" });
      solid.style.width = row.total ? `${(100 * row.direct) / row.total}%` : "0";
      bar.append(solid);
      const label = `${row.name}: ${count(row.total, "recipe", "recipes")}, ` +
        `${number(row.direct)} by this very name`;
      const parts = [
        el("span", { className: "name", textContent: row.name }),
        el("span", { className: "track" }, bar),
        el("span", { className: "count", textContent: number(row.total) }),
      ];
      const box = row.children.length
        ? el("button", { type: "button", className: "row", title: label,
            "aria-label": `${label}; show its ${count(row.children.length, "kind", "kinds")}`,
            onclick: () => go(row, true) }, ...parts)
        : el("div", { className: "row", title: label }, ...parts);
      box.style.setProperty("--tone", groupVariable(row.group));
      return el("li", {}, box);
    }));
    more.hidden = rows.length <= FIRST;
    more.textContent = all ? `Show the first ${FIRST}` : `Show all ${number(rows.length)}`;
    more.setAttribute("aria-expanded", String(all));
    const path = [];
    for (let place = focus; place && place.id !== "root"; place = place.parent) path.unshift(place);
    if (path[0] !== top) path.unshift(top);
    breadcrumb(crumbs, path, (place) => go(place, true));
    table.querySelector("caption").textContent = focus === top
      ? "Usage of ingredients, first level" : `Usage of the kinds of ${focus.name}`;
    table.querySelector("tbody").replaceChildren(...rows.map((row) => el("tr", {},
      el("th", { scope: "row", textContent: row.name }),
      ...[row.total, row.direct, row.children.length].map((value) =>
        el("td", { className: "number", textContent: number(value) })))));
  }

  function go(place, byHand) {
    focus = place;
    all = false;
    draw();
    if (byHand) (bars.querySelector("button") || crumbs.querySelector("button"))?.focus({ preventScroll: true });
  }

  more.addEventListener("click", () => {
    all = !all;
    draw();
  });
  draw();
})();
