// What the parts of the report share: its data.
import { linkTree } from "./shared/elements.js";

export const Report = (() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  return {
    data,
    nodes: linkTree(data.tree),
    groupVariable: (index) => `var(--g-${data.groups[index].key})`,
  };
})();
