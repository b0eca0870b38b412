// The report's ingredient usage.
import { Report } from "./core.js";
import { createUsageBars } from "./shared/usage-bars.js";

if (document.getElementById("usage-bars")) {
  const byId = new Map(Report.nodes.map((node) => [node.id, node]));
  createUsageBars({
    bars: document.getElementById("usage-bars"),
    more: document.getElementById("usage-more"),
    crumbs: document.getElementById("usage-crumbs"),
    table: document.getElementById("usage-table"),
    // The first level is the published statistic; lower levels come from the tree.
    top: {
      name: "All ingredients",
      parent: null,
      children: Report.data.usage.map((row) => {
        const node = byId.get(row.id);
        return { ...row, parent: Report.nodes[0], children: node ? node.children : [] };
      }),
    },
    tone: Report.groupVariable,
  });
}
