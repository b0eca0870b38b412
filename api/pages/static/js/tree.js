// The ingredient tree: a treemap, a search, and a list.
import { count, el, number } from "../shared/elements.js";
import { createTreeList, createTreemap } from "../shared/treemap.js";
import { showTree } from "./atlas-tree.js";
import { createTreeSearch } from "./ingredient-search.js";
import { focusOnSlash } from "./shell.js";

const chart = document.getElementById("tree");
const place = document.getElementById("place");

/** The selected ingredient: its counts and links. */
function showPlace(node) {
  if (!node.parent) {
    place.replaceChildren(
      el("p", {
        className: "placeholder",
        textContent: "Select a block to see its counts, recipes and substitutes.",
      }),
    );
    return;
  }
  const through = node.total - node.direct;
  place.replaceChildren(
    el("h2", { textContent: node.name }),
    el(
      "p",
      { className: "figures-line" },
      el("strong", { textContent: count(node.total, "recipe", "recipes") }),
      node.children.length
        ? `: ${number(node.direct)} directly, ${number(through)} only through its ${count(node.children.length, "kind", "kinds")}`
        : "",
    ),
    el(
      "p",
      { className: "actions" },
      el("a", {
        className: "button",
        href: `/recipes?ingredient=${node.id}`,
        textContent: "Recipes",
      }),
      el("a", {
        className: "button",
        href: `/substitutes?ingredient=${node.id}`,
        textContent: "Substitutes",
      }),
      node.children.length
        ? el("a", {
            className: "button",
            href: `/ingredients?parent_id=${node.id}`,
            textContent: "Usage of its kinds",
          })
        : "",
    ),
  );
}

showTree(({ root, byId, tone }) => {
  chart.hidden = false;
  const treemap = createTreemap({
    map: document.getElementById("treemap"),
    crumbs: document.getElementById("tree-crumbs"),
    note: document.getElementById("tree-note"),
    root,
    tone,
    choose: (node) => {
      history.pushState(null, "", node === root ? location.pathname : `?ingredient=${node.id}`);
      showPlace(node);
    },
  });
  const go = (node) => {
    treemap.mark(node);
    treemap.go(node.children.length ? node : node.parent);
    showPlace(node);
  };
  const restore = () =>
    go(byId.get(new URLSearchParams(location.search).get("ingredient")) ?? root);
  const { node: search, input } = createTreeSearch(byId, (node) => {
    history.pushState(null, "", `?ingredient=${node.id}`);
    go(node);
  });
  document.getElementById("find-box").replaceChildren(search);
  focusOnSlash(input);
  createTreeList(document.getElementById("tree-list"), root, (node) =>
    el("a", { href: `/recipes?ingredient=${node.id}`, textContent: node.name }),
  );
  addEventListener("popstate", restore);
  restore();
});
