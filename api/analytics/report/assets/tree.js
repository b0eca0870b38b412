"use strict";
// The ingredient tree as an icicle one can walk into, and as a nested list.
(() => {
  const { nodes, el, number, count, groupVariable, breadcrumb } = Report;
  const icicle = document.getElementById("icicle");
  if (!icicle) return;

  const note = document.getElementById("tree-note");
  const crumbs = document.getElementById("tree-crumbs");
  const SMALLEST = 26; // px; a block less tall has no room for its name
  const root = nodes[0];
  let focus = root;

  /** What follows from one node: siblings too small to show are put together into one block. */
  function share(node, height) {
    const weight = (child) => child.total || 0.2; // the unused still exist
    const all = d3.sum(node.children, weight);
    if (!all) return [];
    let kept = node.children.length;
    if ((weight(node.children[kept - 1]) / all) * height < SMALLEST) {
      // Leave one block's height for the rest, and keep as many as then fit.
      kept = 0;
      let sum = 0;
      while (kept < node.children.length) {
        const next = sum + weight(node.children[kept]);
        const smallest = (weight(node.children[kept]) / next) * (height - SMALLEST);
        if (smallest < SMALLEST) break;
        sum = next;
        kept += 1;
      }
    }
    const shownOnes = node.children.slice(0, kept);
    const rest = node.children.slice(kept);
    const room = rest.length ? Math.max(0, height - SMALLEST) : height;
    const sum = d3.sum(shownOnes, weight);
    const parts = shownOnes.map((child) => [child, (weight(child) / sum) * room]);
    if (rest.length) {
      const unused = rest.every((child) => child.total === 0);
      parts.push([{
        parent: node, id: `${node.id}+${kept}`, children: rest, bundle: true, group: node.group,
        name: rest.length === node.children.length && !node.bundle
          ? count(rest.length, "kind", "kinds") : `${number(rest.length)} ${unused ? "unused" : "more"}`,
        total: null,
      }, shownOnes.length ? SMALLEST : height]);
    }
    return parts;
  }

  function describe(node) {
    if (node.bundle) return `${node.name}, choose to see them`;
    const kinds = node.children.length ? `, ${count(node.children.length, "kind", "kinds")}` : "";
    return `${node.name}: ${count(node.total, "recipe", "recipes")}${kinds}`;
  }

  function layout() {
    const height = icicle.clientHeight;
    const width = icicle.clientWidth;
    const levels = width > 1000 ? 4 : width > 560 ? 3 : 2;
    const spine = focus === root ? 0 : 44;
    const column = (width - spine) / levels;
    const blocks = [];
    if (spine) blocks.push({ node: focus, x: 0, y: 0, w: spine, h: height, spine: true });
    (function fill(node, depth, y, h) {
      if (depth === levels) return;
      for (const [child, part] of share(node, h)) {
        blocks.push({ node: child, x: spine + depth * column, y, w: column, h: part });
        if (!child.bundle) fill(child, depth + 1, y, part);
        y += part;
      }
    })(focus, 0, 0, height);
    return blocks;
  }

  function draw() {
    if (!icicle.clientWidth) return;
    const blocks = layout();
    d3.select(icicle).selectAll("button").data(blocks, (block) => block.node.id).join(
      (enter) => enter.append("button").attr("type", "button").call((button) => {
        button.append("span").attr("class", "name");
        button.append("span").attr("class", "count");
      }))
      .order()
      .classed("spine", (block) => Boolean(block.spine))
      .classed("bundle", (block) => Boolean(block.node.bundle))
      .classed("unused", (block) => block.node.total === 0)
      .classed("tall", (block) => block.h >= 52)
      .attr("disabled", (block) => (block.node.children.length ? null : ""))
      .attr("aria-label", (block) => (block.spine ? `Back from ${block.node.name}` : describe(block.node)))
      .attr("title", (block) => (block.spine ? `Back from ${block.node.name}` : describe(block.node)))
      .style("left", (block) => `${block.x}px`)
      .style("top", (block) => `${block.y}px`)
      .style("width", (block) => `${block.w}px`)
      .style("height", (block) => `${block.h}px`)
      .style("--tone", (block) => groupVariable(block.node.group))
      .on("click", (event, block) => go(block.spine ? block.node.parent : block.node, true))
      .each(function text(block) {
        this.children[0].textContent = block.node.name;
        this.children[1].textContent = block.node.total === null ? "" : number(block.node.total);
      });
    const path = [];
    for (let node = focus; node; node = node.parent) path.unshift(node);
    breadcrumb(crumbs, path, (place) => go(place, true));
    crumbs.hidden = focus === root;
    note.textContent = focus === root
      ? `${count(root.total, "recipe", "recipes")}, ${count(nodes.length - 1, "ingredient", "ingredients")}`
      : focus.bundle ? `${focus.name}: ${count(focus.children.length, "ingredient", "ingredients")}`
        : `${describe(focus)}, ${number(focus.direct)} by this very name`;
    icicle.dataset.focus = focus.id;
  }

  function go(node, byHand) {
    if (!node || !node.children.length) return;
    focus = node;
    draw();
    // The chosen block may be gone or have become the spine: keep the keyboard in the chart.
    if (byHand) icicle.querySelector("button:not([disabled])")?.focus({ preventScroll: true });
  }

  icicle.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && focus !== root) {
      event.preventDefault();
      go(focus.parent, true);
    }
  });

  // Built when first opened: a big tree has thousands of items.
  const details = document.getElementById("tree-list");
  details.addEventListener("toggle", () => {
    const container = details.querySelector(".tree-list");
    if (!details.open || container.firstChild) return;
    const lists = new Map([[root, el("ul")]]);
    for (const node of nodes.slice(1)) {
      const item = el("li", {}, el("span", { textContent: node.name }), " ",
        el("span", { className: "count", textContent: number(node.total) }));
      lists.get(node.parent).append(item);
      if (node.children.length) {
        const list = el("ul");
        item.append(list);
        lists.set(node, list);
      }
    }
    container.replaceChildren(lists.get(root));
  });

  new ResizeObserver(draw).observe(icicle);
  draw();
})();
