// Marks of a map on a 2D canvas: each drawn once and stamped many times.
import { el } from "./elements.js";
import { markPath } from "./marks.js";
import { PixelMarks, inkOf } from "./pixel-marks.js";

export class CanvasMarks {
  constructor(model) {
    this.model = model;
    this.canvas = el("canvas");
    this.stamps = new Map();
    this.inks = new WeakMap(); // by stamp
  }

  /** Stamping thousands of marks takes longer than a frame: such a map glides (see AtlasMap). */
  get slow() {
    return this.stamped > 4000;
  }

  theme({ paper, colors, ratio }) {
    Object.assign(this, { paper, colors, ratio });
    this.stamps.clear();
  }

  filtered() {}

  stamp(index, radius) {
    const key = `${index}/${radius}`;
    if (!this.stamps.has(key)) {
      const side = Math.ceil((radius * 1.4 + 1.5) * 2 * this.ratio);
      const canvas = el("canvas", { width: side, height: side });
      const context = canvas.getContext("2d");
      context.translate(side / 2, side / 2);
      context.scale(this.ratio, this.ratio);
      const { shape } = this.model.field.classes[index];
      const path = new Path2D(markPath(shape, radius));
      if (radius > 2.2 && shape !== "ring") {
        context.lineWidth = 1.2;
        context.strokeStyle = this.paper;
        context.stroke(path);
      }
      context.fillStyle = this.colors[index];
      context.fill(path, "evenodd");
      this.stamps.set(key, canvas);
    }
    return this.stamps.get(key);
  }

  ink(stamp) {
    if (!this.inks.has(stamp)) this.inks.set(stamp, inkOf(stamp));
    return this.inks.get(stamp);
  }

  draw({ map, radius, litRadius }) {
    const { model, ratio } = this;
    const { of } = model.field;
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    // Stamps land on whole device pixels: copying is several times cheaper than resampling.
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    const pixels = map.dense ? new PixelMarks(width, height) : null;
    this.stamped = 0;
    for (const raised of [false, true]) {
      const stamps = model.field.classes.map((_, index) =>
        this.stamp(index, raised ? litRadius : radius),
      );
      const inks = pixels && stamps.map((stamp) => this.ink(stamp));
      for (const i of map.members) {
        if (model.raised(i) !== raised) continue;
        const opacity = model.opacity(i, map.dense);
        if (!opacity || !map.holds(i, 12)) continue;
        const stamp = stamps[of[i]];
        const left = Math.round(map.left(i) * ratio - stamp.width / 2);
        const top = Math.round(map.top(i) * ratio - stamp.height / 2);
        if (pixels) pixels.put(inks[of[i]], left, top, opacity);
        else {
          context.globalAlpha = opacity;
          context.drawImage(stamp, left, top);
        }
        this.stamped += 1;
      }
    }
    pixels?.show(context);
  }
}
