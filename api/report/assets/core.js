// The report's data, shared by its parts.
import { linkTree } from "./shared/elements.js";

export const Report = (() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  return {
    data,
    nodes: linkTree(data.tree),
    groupVariable: (index) => `var(--g-${data.groups[index].key})`,
  };
})();
