// Marks of a map on a 2D canvas: each drawn once and stamped many times.
import { el } from "./elements.js";
import { markPath } from "./marks.js";

export class CanvasMarks {
  constructor(model) {
    this.model = model;
    this.canvas = el("canvas");
    this.stamps = new Map();
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

  draw({ map, radius, litRadius }) {
    const { model, ratio } = this;
    const context = this.canvas.getContext("2d");
    // Stamps land on whole device pixels: copying is several times cheaper than resampling.
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.stamped = 0;
    for (const raised of [false, true]) {
      for (const i of map.members) {
        if (model.raised(i) !== raised) continue;
        const [x, y] = map.position(i);
        context.globalAlpha = model.opacity(i, map.dense);
        if (!context.globalAlpha || !map.inside([x, y], 12)) continue;
        const stamp = this.stamp(model.field.of[i], raised ? litRadius : radius);
        context.drawImage(
          stamp,
          Math.round(x * ratio - stamp.width / 2),
          Math.round(y * ratio - stamp.height / 2),
        );
        this.stamped += 1;
      }
    }
  }
}
