// The ingredient tree, linked, with the colors of the base spirits.
import { el, linkTree } from "../shared/elements.js";
import { getJson } from "./api.js";
import { freshness, problemBox } from "./states.js";

/**
 * Fetch the ingredient tree.
 *
 * @returns {Promise<{root: object, byId: Map<string, object>, tone: (group: number) => string,
 *   metadata: object}>} nodes as `linkTree` makes them
 */
export async function fetchTree() {
  const { data, metadata } = await getJson("analytics/atlas");
  const nodes = linkTree(data.tree);
  return {
    root: nodes[0],
    byId: new Map(nodes.map((node) => [node.id, node])),
    tone: (group) => `var(--g-${data.groups[group].key})`,
    metadata,
  };
}

/**
 * Fetch the tree and show it on its page: with its date, or why there is nothing to show.
 *
 * @param draw called with what `fetchTree` returns
 */
export async function showTree(draw) {
  const message = document.getElementById("message");
  message.replaceChildren();
  try {
    const found = await fetchTree();
    if (!found.root.children.length) {
      message.replaceChildren(
        el("p", { className: "empty", textContent: "The database has no ingredients yet." }),
      );
      return;
    }
    draw(found);
    document.getElementById("freshness").replaceChildren(freshness(found.metadata));
  } catch (error) {
    message.replaceChildren(problemBox(error, () => showTree(draw)));
  } finally {
    document.getElementById("loading").hidden = true;
  }
}
