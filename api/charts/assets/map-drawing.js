// The layers of a map below and above its marks. Nothing here covers a mark: contours, halos, rings
// and lines lie below the marks, and names keep clear of them (map-words.js).
import { REACH } from "./atlas-model.js";

/** Search rings are drawn while there are at most this many. */
const MAX_RINGS = 400;
/** Of more circles than these, one is drawn where several would cover each other. */
const MANY_CIRCLES = 1000;
const MERGED = 3; // pixels

/** Contours, and halos around what a search found or a shelf makes. */
export function paintGround(map, context, strength, radius) {
  const { k, x, y } = map.transform;
  context.save();
  context.translate(x, y);
  context.scale(k, k);
  context.fillStyle = context.strokeStyle = map.groundColor;
  context.lineWidth = 1 / k;
  for (const path of map.contours) {
    context.globalAlpha = 0.055 * strength;
    context.fill(path);
    context.globalAlpha = 0.22 * strength;
    context.stroke(path);
  }
  context.restore();
  if (strength < 1) return;
  const { model } = map;
  if (model.reach) glow(map, context, radius);
  if (model.picked && model.order.length <= MAX_RINGS) {
    context.strokeStyle = map.ink;
    context.lineWidth = 1.25;
    circles(context, map, model.order, radius + 4);
    context.stroke();
  }
}

/** A glow around each recipe that the shelf makes; below the mark is paper, for its contrast. */
function glow(map, context, radius) {
  const makeable = reached(map, REACH.makeable);
  for (const [color, extra, alpha] of [
    [map.accent, 12, 0.3],
    [map.accent, 8, 0.75],
    [map.paper, 5, 1],
  ]) {
    context.fillStyle = color;
    context.globalAlpha = alpha;
    circles(context, map, makeable, radius + extra);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** A ring around each recipe that one bottle more would make; the style sheet lets them pulse. */
export function paintAway(map, context, radius) {
  context.strokeStyle = map.accent;
  context.lineWidth = 1.5;
  circles(context, map, reached(map, REACH.away), radius + 4);
  context.stroke();
}

const reached = (map, level) =>
  map.members.filter((i) => map.model.reach[i] === level && map.model.lit[i]);

function circles(context, map, rows, radius) {
  context.beginPath();
  const drawn = new Set();
  for (const i of rows) {
    if (map.x[i] === null || !map.holds(i, radius)) continue;
    const [x, y] = map.position(i);
    if (rows.length > MANY_CIRCLES) {
      const cell = Math.floor(x / MERGED) + map.width * Math.floor(y / MERGED);
      if (drawn.has(cell)) continue;
      drawn.add(cell);
    }
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

/** Rings of the selected and the pointed-at recipe, and lines to the selected one's nearest. */
export function paintRings(map, context) {
  const { model } = map;
  const radius = Math.max(3.5, map.markRadius);
  paintNearest(map, context);
  for (const [i, strong] of [
    [model.selected, true],
    [model.hover, false],
  ]) {
    if (i < 0 || map.x[i] === null) continue;
    const [x, y] = map.position(i);
    context.fillStyle = map.paper;
    context.beginPath();
    context.arc(x, y, radius + (strong ? 10 : 8), 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = strong ? map.accent : map.ink;
    context.lineWidth = strong ? 3 : 2.5;
    context.beginPath();
    context.arc(x, y, radius + (strong ? 8 : 6), 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Lines from the selected recipe to its nearest, wherever the map has put them. */
function paintNearest(map, context) {
  const from = map.model.selected;
  if (from < 0 || map.x[from] === null) return;
  const [x, y] = map.position(from);
  for (const [color, width] of [
    [map.paper, 4.5],
    [map.accent, 1.75],
  ]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    for (const { row } of map.model.nearest(from)) {
      if (map.x[row] === null) continue;
      context.moveTo(x, y);
      context.lineTo(...map.position(row));
    }
    context.stroke();
  }
}

/** The loop that is being drawn. */
export function paintLoop(map, context) {
  const path = new Path2D(`M${map.lasso.loop.map((point) => point.join(",")).join("L")}Z`);
  context.fillStyle = context.strokeStyle = map.accent;
  context.globalAlpha = 0.12;
  context.fill(path);
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.setLineDash([6, 4]);
  context.stroke(path);
  context.setLineDash([]);
}
