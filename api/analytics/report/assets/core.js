"use strict";
// What the parts of the page share: the data, the theme, and small helpers.
const Report = (() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);

  /** Element with properties and children; text goes in as text, never as markup. */
  function el(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key in node) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  /** For comparing what people type with names: no case, no accents. */
  function fold(text) {
    return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  }

  const grouped = new Intl.NumberFormat("en");
  const number = (value) => grouped.format(value);
  const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const groupVariable = (index) => `var(--g-${data.groups[index].key})`;

  const themeListeners = [];
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const listener of themeListeners) listener();
  });

  // The tree's rows, linked.
  const nodes = data.tree.map(([parent, id, name, direct, total, group]) => ({
    parent, id, name, direct, total, group, children: [],
  }));
  for (const node of nodes) {
    node.parent = node.parent < 0 ? null : nodes[node.parent];
    if (node.parent) node.parent.children.push(node);
  }
  for (const node of nodes) {
    node.children.sort((a, b) => b.total - a.total || a.name.localeCompare(b.name, "en"));
  }

  /** Breadcrumb: a button for each place on the way, the last one being where we are. */
  function breadcrumb(container, path, go) {
    const list = el("ol");
    path.forEach((place, index) => {
      const here = index === path.length - 1;
      const step = here
        ? el("span", { textContent: place.name, "aria-current": "location" })
        : el("button", { type: "button", textContent: place.name, onclick: () => go(place) });
      list.append(el("li", {}, step));
    });
    container.replaceChildren(list);
  }

  /**
   * Path of a mark, centred on 0,0; all shapes have about the same area.
   * Used for the legend (SVG) and the maps (canvas) alike.
   */
  function markPath(shape, r) {
    const f = (value) => value.toFixed(3);
    if (shape === "square") {
      const h = f(r * 0.89);
      return `M-${h},-${h}H${h}V${h}H-${h}Z`;
    }
    if (shape === "triangle") {
      return `M0,${f(-r * 1.3)}L${f(r * 1.17)},${f(r * 0.78)}H${f(-r * 1.17)}Z`;
    }
    if (shape === "diamond") {
      return `M0,${f(-r * 1.32)}L${f(r * 1.12)},0L0,${f(r * 1.32)}L${f(-r * 1.12)},0Z`;
    }
    if (shape === "cross") {
      const a = f(r * 1.2);
      const b = f(r * 0.42);
      return `M-${b},-${a}H${b}V-${b}H${a}V${b}H${b}V${a}H-${b}V${b}H-${a}V-${b}H-${b}Z`;
    }
    const circle = (q) => `M${f(q)},0A${f(q)},${f(q)},0,1,1,${f(-q)},0A${f(q)},${f(q)},0,1,1,${f(q)},0Z`;
    // "ring": the inner circle is cut out by the even-odd rule.
    return shape === "ring" ? circle(r * 1.1) + circle(r * 0.55) : circle(r);
  }

  function swatch(index) {
    const svg = d3.create("svg").attr("class", "swatch").attr("viewBox", "-8 -8 16 16")
      .attr("aria-hidden", "true");
    svg.append("path").attr("d", markPath(data.groups[index].shape, 5.4))
      .attr("fill-rule", "evenodd").style("fill", groupVariable(index));
    return svg.node();
  }

  return {
    data, nodes, el, fold, number, count, css, groupVariable, breadcrumb, markPath, swatch,
    onTheme: (listener) => themeListeners.push(listener),
    calm: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
})();
