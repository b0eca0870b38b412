// Labels that cover no mark: they go to free space near what they name, with a line to it.

const CELL = 4;
const OFFSETS = [0, 6, 14, 24, 36, 50, 68, 88];
const ANGLES = Array.from({ length: 16 }, (_, step) => (step * Math.PI) / 8);

/** Where marks are, as a summed table over cells of the stage: a box is tested in four look-ups. */
export class Occupancy {
  constructor(width, height) {
    this.columns = Math.ceil(width / CELL) + 1;
    this.rows = Math.ceil(height / CELL) + 1;
    this.sums = new Int32Array((this.columns + 1) * (this.rows + 1));
  }

  /** @param recipes whose marks count; @param map where they are; @param radius of a mark */
  static of(recipes, map, radius) {
    const found = new Occupancy(map.width, map.height);
    const { columns, rows, sums } = found;
    const clamp = (value, end) => Math.max(0, Math.min(end - 1, Math.floor(value / CELL)));
    for (const i of recipes) {
      if (!map.holds(i, radius)) continue;
      const x = map.left(i);
      const y = map.top(i);
      for (let row = clamp(y - radius, rows); row <= clamp(y + radius, rows); row++) {
        for (
          let column = clamp(x - radius, columns);
          column <= clamp(x + radius, columns);
          column++
        ) {
          sums[(row + 1) * (columns + 1) + column + 1] = 1;
        }
      }
    }
    for (let row = 1; row <= rows; row++) {
      for (let column = 1; column <= columns; column++) {
        const at = row * (columns + 1) + column;
        sums[at] += sums[at - 1] + sums[at - columns - 1] - sums[at - columns - 2];
      }
    }
    return found;
  }

  /** Whether no mark is inside a box [left, top, right, bottom] of the stage. */
  free([left, top, right, bottom]) {
    const { columns, rows, sums } = this;
    const x0 = Math.max(0, Math.floor(left / CELL));
    const y0 = Math.max(0, Math.floor(top / CELL));
    const x1 = Math.min(columns, Math.floor(right / CELL) + 1);
    const y1 = Math.min(rows, Math.floor(bottom / CELL) + 1);
    const at = (x, y) => sums[y * (columns + 1) + x];
    return at(x1, y1) - at(x0, y1) - at(x1, y0) + at(x0, y0) === 0;
  }
}

/**
 * Find room for a label.
 *
 * @param anchor [x, y] of what it names
 * @param size [width, height] of its text
 * @param {(box: number[]) => boolean} free whether a box is free
 * @returns a box [left, top, right, bottom], the nearest that is free; null if none is near
 */
export function placeLabel([x, y], [width, height], free) {
  for (const reach of OFFSETS) {
    for (const angle of reach ? ANGLES : [0]) {
      const [dx, dy] = reach ? [Math.cos(angle), Math.sin(angle)] : [0, 0];
      const centerX = x + dx * (reach + width / 2);
      const centerY = y + dy * (reach + height / 2);
      const box = [
        centerX - width / 2,
        centerY - height / 2,
        centerX + width / 2,
        centerY + height / 2,
      ];
      if (free(box)) return box;
    }
  }
  return null;
}
