// The ingredient tree, linked, with the colors of the base spirits.
import { linkTree } from "../shared/elements.js";
import { getJson } from "./api.js";

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
