// Small helpers for charts, in the report and on the site.

/** Element with properties and children; text goes in as text, never as markup. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** Fold case and accents, to compare typed text with names. */
export function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

const grouped = new Intl.NumberFormat("en");
export const number = (value) => grouped.format(value);
export const count = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

/** Breadcrumb: a button for each ancestor; the last entry is the current place. */
export function breadcrumb(container, path, go) {
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

/** The tree's rows [parent's row or -1, id, name, direct, total, group], linked; the root first. */
export function linkTree(rows) {
  const nodes = rows.map(([parent, id, name, direct, total, group]) => ({
    parent,
    id,
    name,
    direct,
    total,
    group,
    children: [],
  }));
  for (const node of nodes) {
    node.parent = node.parent < 0 ? null : nodes[node.parent];
    if (node.parent) node.parent.children.push(node);
  }
  for (const node of nodes) {
    node.children.sort((a, b) => b.total - a.total || a.name.localeCompare(b.name, "en"));
  }
  return nodes;
}

/** The nodes from the root down to a node. */
export function pathTo(node) {
  const path = [];
  for (let place = node; place; place = place.parent) path.unshift(place);
  return path;
}

/** Value of a custom property of the current theme. */
export const css = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Call when the theme changes: the system's, or the reader's choice (`data-theme`). */
export function onTheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => listener());
  new MutationObserver(() => listener()).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
}

/** Whether the reader prefers reduced motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
