// Ingredient usage, from families down to single bottles.
import { el } from "../shared/elements.js";
import { createUsageBars } from "../shared/usage-bars.js";
import { showTree } from "./atlas-tree.js";
import { createTreeSearch } from "./ingredient-search.js";
import { focusOnSlash } from "./shell.js";

const chart = document.getElementById("usage");

function links({ id, name }) {
  const recipes = el("a", { href: `/recipes?ingredient=${id}`, textContent: "Recipes" });
  const substitutes = el("a", {
    href: `/substitutes?ingredient=${id}`,
    textContent: "Substitutes",
  });
  recipes.setAttribute("aria-label", `Recipes with ${name}`);
  substitutes.setAttribute("aria-label", `Substitutes for ${name}`);
  return [el("span", { className: "row-links" }, recipes, substitutes)];
}

showTree(({ root, byId, tone }) => {
  root.name = "All ingredients";
  const wanted = () => byId.get(new URLSearchParams(location.search).get("parent_id")) ?? root;
  chart.hidden = false;
  const show = (place) => {
    history.pushState(null, "", place === root ? location.pathname : `?parent_id=${place.id}`);
  };
  const bars = createUsageBars({
    bars: document.getElementById("usage-bars"),
    more: document.getElementById("usage-more"),
    crumbs: document.getElementById("usage-crumbs"),
    table: document.getElementById("usage-table"),
    top: root,
    tone,
    links,
    onGo: show,
  });
  // What has no kinds has no bars: its own page then.
  const { node: search, input } = createTreeSearch(byId, (place) => {
    if (!place.children.length) {
      location.assign(`/ingredients/${place.id}`);
      return;
    }
    show(place);
    bars.go(place);
  });
  document.getElementById("find-box").replaceChildren(search);
  focusOnSlash(input);
  bars.go(wanted());
  addEventListener("popstate", () => bars.go(wanted()));
});
