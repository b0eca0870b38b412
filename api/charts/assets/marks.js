// Marks: color and shape both show the class of a recipe.

/**
 * Path of a mark, centerd on 0,0; all shapes have about the same area.
 * Used by the legend (SVG) and the maps (canvas); webgl-marks.js has the same shapes in GLSL.
 */
export function markPath(shape, r) {
  const f = (value) => value.toFixed(3);
  if (shape === "square") {
    const h = f(r * 0.89);
    return `M-${h},-${h}H${h}V${h}H-${h}Z`;
  }
  if (shape === "triangle") {
    return `M0,${f(-r * 1.3)}L${f(r * 1.17)},${f(r * 0.78)}H${f(-r * 1.17)}Z`;
  }
  if (shape === "diamond") {
    return `M0,${f(-r * 1.32)}L${f(r * 1.12)},0L0,${f(r * 1.32)}L${f(-r * 1.12)},0Z`;
  }
  if (shape === "cross") {
    const a = f(r * 1.2);
    const b = f(r * 0.42);
    return `M-${b},-${a}H${b}V-${b}H${a}V${b}H${b}V${a}H-${b}V${b}H-${a}V-${b}H-${b}Z`;
  }
  const circle = (q) =>
    `M${f(q)},0A${f(q)},${f(q)},0,1,1,${f(-q)},0A${f(q)},${f(q)},0,1,1,${f(q)},0Z`;
  // "ring": the inner circle is cut out by the even-odd rule.
  return shape === "ring" ? circle(r * 1.1) + circle(r * 0.55) : circle(r);
}

/** The mark of a class (fields.js) for the legend or before a name. */
export function createSwatch(group) {
  const svg = d3
    .create("svg")
    .attr("class", "swatch")
    .attr("viewBox", "-8 -8 16 16")
    .attr("aria-hidden", "true");
  svg
    .append("path")
    .attr("d", markPath(group.shape, 5.4))
    .attr("fill-rule", "evenodd")
    .style("fill", `var(${group.color})`);
  return svg.node();
}
