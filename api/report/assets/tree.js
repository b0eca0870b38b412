// The report's ingredient tree.
import { Report } from "./core.js";
import { createTreeList, createTreemap } from "./shared/treemap.js";

if (document.getElementById("treemap")) {
  createTreemap({
    map: document.getElementById("treemap"),
    crumbs: document.getElementById("tree-crumbs"),
    note: document.getElementById("tree-note"),
    root: Report.nodes[0],
    tone: Report.groupVariable,
  });
  createTreeList(document.getElementById("tree-list"), Report.nodes[0]);
}
