// Histogram of recipes by number of ingredients.
import { count, number } from "./elements.js";

/**
 * Draw the histogram and keep it drawn.
 *
 * @param {object} options
 * @param {SVGSVGElement} options.svg
 * @param {HTMLElement} options.caption gets the histogram in one sentence
 * @param {[number, number][]} options.rows pairs (ingredients in a recipe, recipes)
 * @param {(size: number) => void} [options.choose] called with the selected column; columns
 *   are buttons if given
 * @returns {{mark: (size: number | null) => void}} marks a column as selected
 */
export function createHistogram({ svg, caption, rows, choose }) {
  const known = new Map(rows);
  const [low, high] = d3.extent(known.keys());
  // Sizes without recipes still get a place on the axis.
  const bins = d3.range(low, high + 1).map((size) => [size, known.get(size) ?? 0]);
  const all = d3.sum(bins, ([, recipes]) => recipes);
  let sum = 0;
  const median = bins.find(([, recipes]) => {
    sum += recipes;
    return sum * 2 >= all;
  })[0];
  const [mode] = bins[d3.maxIndex(bins, ([, recipes]) => recipes)];
  let chosen = null;
  caption.textContent =
    `${count(all, "recipe", "recipes")} with ${low === high ? low : `${low} to ${high}`} ` +
    `${high === 1 ? "ingredient" : "ingredients"}; most often ${mode}, half have ${median} or fewer.`;
  const label = ([size, recipes]) =>
    `${count(size, "ingredient", "ingredients")}: ${count(recipes, "recipe", "recipes")}`;

  function draw() {
    const width = svg.parentElement.clientWidth;
    if (!width) return;
    const height = Math.min(340, Math.max(220, width * 0.4));
    const bottom = 44;
    const x = d3
      .scaleBand(
        bins.map(([size]) => size),
        [0, width],
      )
      .paddingInner(0.16)
      .paddingOuter(Math.max(0.1, (14 - bins.length) / 4));
    const y = d3.scaleLinear(
      [0, d3.max(bins, ([, recipes]) => recipes) || 1],
      [height - bottom, 26],
    );
    // Label every k-th size when there is no room for all.
    const every = Math.max(1, Math.ceil(30 / x.step()));
    const chart = d3
      .select(svg)
      .attr("viewBox", `0 0 ${width} ${height}`)
      .attr("width", width)
      .attr("height", height);
    const focused = svg.contains(document.activeElement)
      ? Number(document.activeElement.dataset.size)
      : null;
    chart.selectAll("*").remove();
    const bar = chart
      .selectAll("g")
      .data(bins)
      .join("g")
      .attr("transform", ([size]) => `translate(${x(size)},0)`);
    if (choose) {
      // A column of height 2 is hard to hit: its whole strip takes the pointer.
      bar
        .append("rect")
        .attr("class", "hit")
        .attr("x", -x.step() * 0.08)
        .attr("width", x.step())
        .attr("y", 4)
        .attr("height", height - bottom + 20)
        .attr("rx", 5);
    }
    bar
      .append("rect")
      .attr("class", ([size]) => (size === median ? "column median" : "column"))
      .attr("width", x.bandwidth())
      .attr("rx", Math.min(3, x.bandwidth() / 4))
      .attr("y", ([, recipes]) => y(recipes))
      .attr("height", ([, recipes]) => height - bottom - y(recipes))
      .append("title")
      .text(label);
    const middle = x.bandwidth() / 2;
    bar
      .filter(([, recipes]) => recipes > 0 && every === 1)
      .append("text")
      .attr("class", "value")
      .attr("x", middle)
      .attr("y", ([, recipes]) => y(recipes) - 7)
      .text(([, recipes]) => number(recipes));
    bar
      .filter((_, index) => index % every === 0)
      .append("text")
      .attr("class", "size")
      .attr("x", middle)
      .attr("y", height - bottom + 18)
      .text(([size]) => size);
    chart
      .append("line")
      .attr("class", "axis")
      .attr("x2", width)
      .attr("y1", height - bottom + 0.5)
      .attr("y2", height - bottom + 0.5);
    chart
      .append("text")
      .attr("class", "axis-name")
      .attr("x", width / 2)
      .attr("y", height - 6)
      .text("ingredients in the recipe");
    if (!choose) return;
    bar
      .filter(([, recipes]) => recipes > 0)
      .attr("role", "button")
      .attr("tabindex", 0)
      .attr("aria-label", label)
      .attr("data-size", ([size]) => size)
      .on("click", (_, [size]) => choose(size))
      .on("keydown", (event, [size]) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(size);
        } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
          event.preventDefault();
          const columns = [...svg.querySelectorAll("[data-size]")];
          const step = event.key === "ArrowRight" ? 1 : -1;
          columns[columns.indexOf(event.currentTarget) + step]?.focus();
        }
      });
    show();
    if (focused !== null) svg.querySelector(`[data-size="${focused}"]`)?.focus();
  }

  function show() {
    for (const column of svg.querySelectorAll("[data-size]")) {
      column.setAttribute("aria-pressed", String(Number(column.dataset.size) === chosen));
    }
  }

  new ResizeObserver(draw).observe(svg.parentElement);
  draw();
  return {
    mark(size) {
      chosen = size;
      show();
    },
  };
}
