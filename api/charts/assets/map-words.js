// Names on a map: neighborhoods from afar, recipes from near. They cover no mark and no other name.
import { css } from "./elements.js";
import { Occupancy, placeLabel } from "./map-labels.js";

// Zoom at which region names of each level appear and disappear, and their size in pixels.
const LEVELS = [
  { from: 0, to: 2.6, font: 15 },
  { from: 1.5, to: 6, font: 13.5 },
  { from: 3, to: 16, font: 12.5 },
];
const MAX_NAMES = { plain: 90, picked: 40 };
const LONGEST_NAME = 32;
const NAME_FONT = 12;

/**
 * Lay out the names that fit.
 *
 * @param width measures a text: (text, font) => pixels
 * @returns [{name, lines, font, size, align, box, anchor}], box and anchor on the stage; anchor is
 *   null for the name of a recipe, which is beside its mark
 */
export function layOutNames(map, radius, width) {
  const { model, controls } = map;
  const visible = map.members.filter((i) => map.holds(i, 12));
  const marks = Occupancy.of(
    visible.filter((i) => model.opacity(i, map.dense) > 0),
    map,
    radius + 2,
  );
  const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = controls;
  const taken = [
    [offsetLeft - 4, offsetTop - 4, offsetLeft + offsetWidth + 4, offsetTop + offsetHeight + 4],
  ];
  const free = (box) =>
    box[0] >= 2 &&
    box[1] >= 2 &&
    box[2] <= map.width - 2 &&
    box[3] <= map.height - 2 &&
    taken.every((b) => box[2] < b[0] || box[0] > b[2] || box[3] < b[1] || box[1] > b[3]) &&
    marks.free(box);
  const names = [];
  const put = (name) => {
    taken.push(name.box);
    names.push(name);
  };
  if (!model.picked && !model.filtering) regionNames(map, free, width, put);
  const lit = visible.filter((i) => model.lit[i]);
  if (lit.length <= MAX_NAMES[model.picked ? "picked" : "plain"])
    recipeNames(map, lit, radius, free, width, put);
  return names;
}

function regionNames(map, free, width, put) {
  for (const region of map.regions) {
    const { from, to, font: size } = LEVELS[region.level ?? 0];
    if (map.k < from || map.k >= to) continue;
    const anchor = map.transform.apply([
      map.centerX + region.x * map.half,
      map.centerY - region.y * map.half,
    ]);
    if (!map.inside(anchor)) continue;
    const font = `italic 600 ${size}px ${css("--serif")}`;
    const lines = region.name.split(" · ");
    const extent = [d3.max(lines, (line) => width(line, font)) + 8, size * 1.2 * lines.length + 4];
    const box = placeLabel(anchor, extent, free);
    if (box) put({ name: region.name, lines, font, size, align: "center", box, anchor });
  }
}

function recipeNames(map, lit, radius, free, width, put) {
  const font = `500 ${NAME_FONT}px ${css("--sans")}`;
  const gap = radius + (map.model.picked ? 8 : 4);
  for (const i of lit) {
    const [x, y] = map.position(i);
    const name = map.model.recipes.name[i];
    const text = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
    const long = width(text, font) + 2;
    const box = [
      [x + gap, y - 7, x + gap + long, y + 7],
      [x - gap - long, y - 7, x - gap, y + 7],
      [x - long / 2, y - gap - 14, x + long / 2, y - gap],
      [x - long / 2, y + gap, x + long / 2, y + gap + 14],
    ].find(free);
    if (box)
      put({ name, lines: [text], font, size: NAME_FONT, align: "center", box, anchor: null });
  }
}

/** The end of the line from a label to what it names; null where they are close. */
export function pointerEnd({ box: [left, top, right, bottom], anchor }) {
  if (!anchor) return null;
  const [x, y] = anchor;
  const near = [Math.max(left, Math.min(right, x)), Math.max(top, Math.min(bottom, y))];
  return Math.hypot(near[0] - x, near[1] - y) < 12 ? null : near;
}

/** Baselines' middles of a label's lines: [[text, x, y]]. */
export function linesOf({ box, lines, size }) {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  return lines.map((line, at) => [line, x, y + (at - (lines.length - 1) / 2) * size * 1.2]);
}

/** Write names on a canvas; the lines to what they name go on the one below the marks. */
export function writeNames(map, names, context, below) {
  context.lineJoin = "round";
  context.textBaseline = "middle";
  context.textAlign = "center";
  context.strokeStyle = map.paper;
  context.fillStyle = map.ink;
  for (const name of names) {
    const end = pointerEnd(name);
    if (end) {
      below.strokeStyle = map.ink;
      below.lineWidth = 1;
      below.beginPath();
      below.moveTo(...end);
      below.lineTo(...name.anchor);
      below.stroke();
    }
    context.font = name.font;
    context.lineWidth = name.anchor ? 4 : 3.5;
    for (const [text, x, y] of linesOf(name)) {
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
  }
}
