// A tree as a treemap with drill-down, and as a nested list.
import { breadcrumb, count, el, number, pathTo } from "./elements.js";

/** A node's description. */
export function describe(node) {
  const kinds = node.children.length ? `, ${count(node.children.length, "kind", "kinds")}` : "";
  return `${node.name}: ${count(node.total, "recipe", "recipes")}${kinds}`;
}

/**
 * Draw the treemap and keep it drawn.
 *
 * @param {object} options
 * @param {HTMLElement} options.map what to fill; its size decides the layout
 * @param {HTMLElement} options.crumbs gets the breadcrumb
 * @param {HTMLElement} options.note gets a sentence about the current node
 * @param {object} options.root first node of `linkTree`
 * @param {(group: number) => string} options.tone CSS color of a group
 * @param {(node: object) => void} [options.choose] called with the block that a reader selects; if
 *   given, blocks without kinds are selectable too
 * @returns {{go: (node: object) => void, mark: (node: object) => void}} drills into a node that has
 *   kinds, or marks one block
 */
export function createTreemap({ map, crumbs, note, root, tone, choose }) {
  let focus = root;
  let marked = null;

  /** Two levels below the focus as rectangles; unused ingredients have no area. */
  function layout(width, height) {
    const below = (node) => {
      const used = node.children.filter((child) => child.total > 0);
      return used.length ? used : node === focus ? node.children : [];
    };
    const tree = d3.hierarchy(focus, (node) =>
      node === focus || node.parent === focus ? below(node) : null,
    );
    // A recipe with two kinds of rum counts once for Rum, so counts are not additive and can't be
    // areas as they are. Each block shares its own area out among its kinds, and keeps the part
    // that goes to recipes which name no kind.
    tree.value = 1;
    tree.eachBefore((place) => {
      if (!place.children) return;
      const direct = place === tree ? 0 : place.data.direct;
      const all = d3.sum(place.children, (child) => child.data.total || 1e-9) + direct;
      for (const child of place.children) {
        child.value = (place.value * (child.data.total || 1e-9)) / all;
      }
    });
    d3
      .treemap()
      .size([width, height])
      .round(true)
      .paddingInner(2)
      .paddingTop((place) => (place.depth === 1 ? 26 : 0))
      .paddingRight((place) => (place.depth === 1 ? 3 : 0))
      .paddingBottom((place) => (place.depth === 1 ? 3 : 0))
      .paddingLeft((place) => (place.depth === 1 ? 3 : 0))
      .tile(d3.treemapSquarify.ratio(1.4))(tree);
    const roomy = (place) => place.x1 - place.x0 >= 84 && place.y1 - place.y0 >= 64;
    return tree
      .descendants()
      .slice(1)
      .filter((place) => {
        // A block that shows its kinds has one line for its own name.
        place.open = Boolean(place.children) && roomy(place);
        const visible = place.x1 - place.x0 >= 6 && place.y1 - place.y0 >= 6;
        return visible && (place.depth === 1 || roomy(place.parent));
      });
  }

  const ruler = document.createElement("canvas").getContext("2d");
  const typeface = () => getComputedStyle(map).fontFamily;

  /**
   * How a block can show its name: "line" (with the count beside it), "wrap" (words below each
   * other, count last), "bare" (no count), "cut" (one line with an ellipsis) or "mute". Words are never broken.
   */
  function fit(place, [width, height]) {
    const inner = place.depth === 2;
    const line = inner ? 18 : 20;
    const text = width - (inner ? 14 : 19);
    ruler.font = `${inner ? 400 : 600} ${inner ? 13 : 14.4}px ${typeface()}`;
    const measure = (words) => ruler.measureText(words).width + 1;
    if (height < line + 1) return "mute";
    const tally = number(place.data.total);
    if (measure(place.data.name) + measure(tally) + 8 <= text) return "line";
    const lines = [];
    for (const word of place.data.name.split(/\s+/)) {
      const joined = lines.length ? `${lines.at(-1)} ${word}` : word;
      if (lines.length && measure(joined) <= text) lines[lines.length - 1] = joined;
      else lines.push(word);
    }
    const open = place.depth === 2 || !place.open;
    if (
      open &&
      lines.every((part) => measure(part) <= text) &&
      (lines.length + 1) * line + 4 <= height
    )
      return "wrap";
    if (measure(place.data.name) <= text) return "bare";
    // A letter or two with an ellipsis would say nothing.
    return measure(`${place.data.name.slice(0, 4)}… `) + measure(tally) + 8 <= text
      ? "cut"
      : "mute";
  }

  function draw() {
    const { clientWidth: width, clientHeight: height } = map;
    if (!width) return;
    const side = (place) => [place.x1 - place.x0, place.y1 - place.y0];
    d3.select(map)
      .selectAll("button")
      .data(layout(width, height), (place) => place.data.id)
      .join((enter) =>
        enter
          .append("button")
          .attr("type", "button")
          .call((button) => {
            button.append("span").attr("class", "name");
            button.append("span").attr("class", "count");
          }),
      )
      .order()
      .classed("inner", (place) => place.depth === 2)
      .attr("data-fit", (place) => fit(place, side(place)))
      // Two levels are visible; the keyboard moves through one level at a time.
      .attr("tabindex", (place) => (place.depth === 2 ? -1 : null))
      .attr("disabled", (place) =>
        !choose && place.depth === 1 && !place.data.children.length ? "" : null,
      )
      .attr("aria-label", (place) => describe(place.data))
      .attr("aria-current", (place) => (place.data === marked ? "true" : null))
      .attr("title", (place) => describe(place.data))
      .style("left", (place) => `${place.x0}px`)
      .style("top", (place) => `${place.y0}px`)
      .style("width", (place) => `${side(place)[0]}px`)
      .style("height", (place) => `${side(place)[1]}px`)
      .style("--tone", (place) => tone(place.data.group))
      .on("click", (_, place) => take(place.data))
      .each(function text(place) {
        this.children[0].textContent = place.data.name;
        this.children[1].textContent = number(place.data.total);
      });
    breadcrumb(crumbs, pathTo(focus), take);
    const unused = focus.children.filter((child) => child.total === 0).length;
    const own = focus === root ? "" : `, ${number(focus.direct)} directly`;
    note.textContent =
      `${describe(focus)}${own}.` +
      (unused ? ` ${count(unused, "kind", "kinds")} in no recipe: see the list.` : "");
    map.dataset.focus = focus.id;
  }

  /** The reader selected a block: keep keyboard focus in the chart. */
  function take(node) {
    const into = node.children.length ? node : node.parent;
    if (choose) mark(node);
    if (into !== focus) {
      go(into);
      // The selected block may be gone: focus the first one, or the way back up.
      (
        map.querySelector("[aria-current]:not(.inner)") ||
        map.querySelector("button:not([disabled], .inner)") ||
        crumbs.querySelector("button")
      )?.focus({ preventScroll: true });
    }
    choose?.(node);
  }

  function go(node) {
    if (!node.children.length) return;
    focus = node;
    draw();
  }

  function mark(node) {
    marked = node;
    draw();
  }

  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && focus !== root) {
      event.preventDefault();
      take(focus.parent);
    }
  });
  new ResizeObserver(draw).observe(map);
  draw();
  return { go, mark };
}

/**
 * The tree as a nested list inside a `<details>`, built when first opened: a big tree has thousands
 * of items.
 *
 * @param {(node: object) => Node} [name] renders a node; its name by default
 */
export function createTreeList(details, root, name) {
  const show = name ?? ((node) => el("span", { textContent: node.name }));
  details.addEventListener("toggle", () => {
    const container = details.querySelector(".tree-list");
    if (!details.open || container.firstChild) return;
    const lists = new Map([[root, el("ul")]]);
    const add = (node) => {
      const item = el(
        "li",
        {},
        show(node),
        " ",
        el("span", { className: "count", textContent: number(node.total) }),
      );
      lists.get(node.parent).append(item);
      if (node.children.length) {
        const list = el("ul");
        item.append(list);
        lists.set(node, list);
      }
    };
    // Breadth first, so that siblings come in the order of their counts.
    for (let level = root.children; level.length; level = level.flatMap((node) => node.children)) {
      level.forEach(add);
    }
    container.replaceChildren(lists.get(root));
  });
}
