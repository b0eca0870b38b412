// One map: its view, gestures, keyboard, names and hover card. Marks are drawn by a painter.
import { calm, count, css, el } from "./elements.js";
import { Occupancy, placeLabel } from "./map-labels.js";
import { createSwatch, markPath } from "./marks.js";

const NAMES = { manhattan: "Manhattan", em: "Learned" };
// Zoom at which region names of each level appear and disappear, and their size in pixels.
const LEVELS = [
  { from: 0, to: 2.6, font: 15 },
  { from: 1.5, to: 6, font: 13.5 },
  { from: 3, to: 16, font: 12.5 },
];

export class AtlasMap {
  /**
   * @param stage element that the map fills
   * @param key "manhattan" or "em"
   * @param painter draws the marks: CanvasMarks or WebglMarks
   * @param on callbacks: `hover(i, map)`, `select(i, map)`, and where wanted `open(i)`, `moved(map)`
   *   and `lasso(recipes)`
   */
  constructor(stage, { key, model, painter, on }) {
    Object.assign(this, { stage, model, painter, on });
    this.transform = d3.zoomIdentity;
    this.labels = []; // region names on the stage: {name, box, anchor}
    this.covered = { right: 0, bottom: 0 }; // what a panel over the stage hides
    this.build();
    this.layOut(key);
    this.listen();
    new ResizeObserver(() => this.resize()).observe(stage);
  }

  get title() {
    return NAMES[this.key];
  }
  get ready() {
    return this.members.length > 0 && this.width > 0;
  }
  get k() {
    return this.transform.k;
  }

  /** Show another map's positions, animated when there was one before. */
  layOut(key) {
    const before = this.key && { x: this.x, y: this.y, half: this.half };
    this.key = key;
    const { x, y, regions } = this.model.maps.get(key);
    Object.assign(this, { x, y, regions });
    this.members = d3.range(this.model.total).filter((i) => x[i] !== null);
    this.tree = d3.quadtree(
      this.members,
      (i) => x[i],
      (i) => y[i],
    );
    // Half the layout's width and height; it is centerd on 0,0.
    this.reach = [x, y].map((axis) => d3.max(this.members, (i) => Math.abs(axis[i])) || 1);
    if (this.width) this.fit();
    this.painter.place?.(this, before && { ...before, scale: before.half / this.half });
    this.stage.classList.toggle("vacant", !this.members.length);
    this.nothing.hidden = this.members.length > 0;
    this.over.setAttribute(
      "aria-label",
      `${this.title} map of ${count(this.members.length, "recipe", "recipes")}. ` +
        "Arrow keys move between recipes, plus and minus zoom, zero shows all. " +
        "The same recipes are in a list on this page.",
    );
    this.card.hidden = true;
    if (!this.width) return;
    this.contours = this.density();
    if (before && this.painter.place && !calm()) this.travel();
    else this.draw();
  }

  /** Animate marks from their old positions to the new ones. */
  travel() {
    this.traveling?.stop();
    this.morph = 0;
    this.traveling = d3.timer((elapsed) => {
      this.morph = Math.min(1, d3.easeCubicInOut(Math.min(1, elapsed / 900)));
      if (elapsed >= 900) {
        this.traveling.stop();
        this.morph = 1;
      }
      this.draw();
    });
  }

  build() {
    this.ground = el("canvas", { className: "ground" });
    this.words = el("canvas", { className: "words" });
    this.over = el("canvas", { className: "over", tabIndex: 0, role: "application" });
    this.painter.canvas.classList.add("marks");
    this.card = el("div", { className: "hover-card", hidden: true });
    this.nothing = el("p", {
      className: "empty",
      textContent: "This map has no recipes in this snapshot.",
      hidden: true,
    });
    const tip = el("p", {
      className: "wheel-tip",
      textContent: /Mac|iP/.test(navigator.platform)
        ? "⌘ and scroll to zoom"
        : "Ctrl and scroll to zoom",
    });
    const button = (label, text, act) =>
      el("button", {
        type: "button",
        textContent: text,
        title: label,
        "aria-label": label,
        onclick: act,
      });
    this.controls = el(
      "div",
      { className: "zoom", role: "group", "aria-label": "View of the map" },
      button("Zoom in", "+", () => this.zoomBy(1.8)),
      button("Zoom out", "−", () => this.zoomBy(1 / 1.8)),
      button("Show all", "⤢", () => this.reset()),
    );
    this.stage.append(
      this.ground,
      this.painter.canvas,
      this.words,
      this.over,
      this.card,
      tip,
      this.nothing,
      this.controls,
    );
    if (this.on.lasso) {
      this.lassoButton = button("Lasso: draw around recipes to list them", "", () =>
        this.setLasso(!this.lassoing),
      );
      this.lassoButton.className = "lasso-button";
      this.lassoButton.setAttribute("aria-pressed", "false");
      this.controls.prepend(this.lassoButton);
    }
    this.zoom = d3
      .zoom()
      .scaleExtent([0.8, 48])
      .filter((event) => {
        if (event.type === "wheel") {
          // A plain wheel scrolls the page; zooming needs a modifier key.
          if (event.ctrlKey || event.metaKey) return true;
          this.stage.classList.add("wants-key");
          clearTimeout(this.tipTimer);
          this.tipTimer = setTimeout(() => this.stage.classList.remove("wants-key"), 900);
          return false;
        }
        if (this.lassoing || (this.on.lasso && event.shiftKey)) return false;
        if (event.touches) return event.touches.length > 1;
        return !event.button;
      })
      .clickDistance(5)
      .on("zoom", (event) => {
        this.transform = event.transform;
        this.card.hidden = true;
        this.moving = true;
        if (this.painter.slow) this.glide([this.ground, this.painter.canvas, this.words]);
        else this.draw();
      })
      .on("end", () => this.on.moved?.(this));
    d3.select(this.over).call(this.zoom).on("dblclick.zoom", null);
  }

  listen() {
    const at = (event) =>
      this.find(d3.pointer(event, this.over), event.pointerType === "touch" ? 24 : 14);
    this.over.addEventListener("pointermove", (event) => {
      if (this.loop) this.extendLoop(event);
      else if (event.pointerType !== "touch" && event.buttons === 0) this.on.hover(at(event), this);
    });
    this.over.addEventListener("pointerleave", () => this.on.hover(-1, this));
    this.over.addEventListener("click", (event) => {
      if (this.looped) this.looped = false;
      else this.on.select(at(event), this);
    });
    this.over.addEventListener("dblclick", (event) => {
      const i = at(event);
      if (i >= 0) this.on.open?.(i);
    });
    this.over.addEventListener("keydown", (event) => this.press(event));
    if (!this.on.lasso) return;
    this.over.addEventListener("pointerdown", (event) => {
      if (event.button || !(this.lassoing || event.shiftKey)) return;
      this.over.setPointerCapture(event.pointerId);
      this.loop = [d3.pointer(event, this.over)];
    });
    for (const type of ["pointerup", "pointercancel"]) {
      this.over.addEventListener(type, () => this.closeLoop(type === "pointerup"));
    }
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.walk(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.8);
    else if (event.key === "-") this.zoomBy(1 / 1.8);
    else if (event.key === "0") this.reset();
    else if (event.key === "Escape") {
      if (this.lassoing) this.setLasso(false);
      else this.on.select(-1, this);
    } else if (event.key === "Enter" && this.on.open && this.model.selected >= 0)
      this.on.open(this.model.selected);
    else return;
    event.preventDefault();
  }

  /** Select the nearest matching recipe in a direction; straight ahead counts as nearest. */
  walk(dx, dy) {
    const { lit, selected: from } = this.model;
    const placed = from >= 0 && this.x[from] !== null;
    // With nothing selected, start at the center of the view.
    const center = this.transform.invert([this.centerX, this.centerY]);
    let best = -1;
    let bestCost = Infinity;
    for (const i of this.members) {
      if (!lit[i] || i === from) continue;
      const ax = placed ? this.x[i] - this.x[from] : this.px(i) - center[0];
      const ay = placed ? this.y[from] - this.y[i] : this.py(i) - center[1];
      const ahead = ax * dx + ay * dy;
      const aside = Math.abs(ax * dy) + Math.abs(ay * dx);
      if (placed && (ahead <= 0 || aside > 2 * ahead)) continue;
      const cost = placed ? ahead + 2 * aside : ax * ax + ay * ay;
      if (cost < bestCost) {
        bestCost = cost;
        best = i;
      }
    }
    if (best >= 0) {
      this.on.select(best, this);
      this.reveal(best);
    }
  }

  setLasso(on) {
    this.lassoing = on;
    this.lassoButton.setAttribute("aria-pressed", String(on));
    this.stage.classList.toggle("lassoing", on);
  }

  extendLoop(event) {
    this.loop.push(d3.pointer(event, this.over));
    this.paintOver();
  }

  closeLoop(finished) {
    const loop = this.loop;
    if (!loop) return;
    this.loop = null;
    this.paintOver();
    // A click with the lasso active is still a click.
    if (!finished || loop.length < 3 || Math.abs(d3.polygonArea(loop)) < 40) return;
    this.looped = true;
    setTimeout(() => {
      this.looped = false;
    }, 50);
    this.setLasso(false);
    this.on.lasso(
      this.members.filter((i) => this.model.shown[i] && d3.polygonContains(loop, this.position(i))),
    );
  }

  /** The matching recipes in view, by name. */
  inView() {
    if (!this.ready) return [];
    return this.model.order.filter((i) => {
      if (this.x[i] === null) return false;
      const [x, y] = this.position(i);
      return x >= 0 && y >= 0 && x <= this.width && y <= this.height;
    });
  }

  zoomBy(factor) {
    this.animate((s) => s.call(this.zoom.scaleBy, factor));
  }
  reset() {
    this.animate((s) => s.call(this.zoom.transform, d3.zoomIdentity));
  }

  animate(act) {
    const surface = d3.select(this.over);
    act(calm() ? surface : surface.transition().duration(320));
  }

  /** The visible part, independent of the stage's size: [scale, center x, center y] of the layout. */
  get view() {
    const [bx, by] = this.transform.invert([this.centerX, this.centerY]);
    return [this.k, (bx - this.centerX) / this.half, (this.centerY - by) / this.half];
  }

  set view([k, x, y]) {
    if (!this.width) {
      this.wantedView = [k, x, y];
      return;
    }
    const surface = d3.select(this.over);
    surface.call(this.zoom.transform, d3.zoomIdentity.scale(k));
    surface.call(
      this.zoom.translateTo,
      this.centerX + x * this.half,
      this.centerY - y * this.half,
      [this.centerX, this.centerY],
    );
  }

  /** Move the whole map up while a sheet covers the bottom of the stage, and back; 0 for none. */
  makeRoom(bottom) {
    if (this.k !== 1) return;
    this.animate((s) =>
      bottom
        ? s.call(this.zoom.translateBy, 0, -this.transform.y - bottom / 2)
        : s.call(this.zoom.transform, d3.zoomIdentity),
    );
  }

  /** Pan to a recipe that is out of view. */
  reveal(i) {
    if (!this.ready || this.x[i] === null) return;
    const [x, y] = this.position(i);
    const edge = 24;
    const [right, bottom] = [this.width - this.covered.right, this.height - this.covered.bottom];
    if (x < edge || y < edge || x > right - edge || y > bottom - edge) {
      this.animate((s) =>
        s.call(this.zoom.translateTo, this.px(i), this.py(i), [right / 2, bottom / 2]),
      );
    }
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height || (width === this.width && height === this.height)) return;
    const view = this.width ? this.view : this.wantedView;
    Object.assign(this, { width, height });
    this.fit();
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.ground, this.painter.canvas, this.words, this.over]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.zoom
      .extent([
        [0, 0],
        [width, height],
      ])
      .translateExtent([
        [-width * 0.25, -height * 0.25],
        [width * 1.25, height * 1.25],
      ]);
    this.contours = this.density();
    this.theme();
    if (view) this.view = view;
  }

  /** As large as the stage allows, the same scale for both axes, and clear of the buttons. */
  fit() {
    const { width, height } = this;
    const margin = Math.max(18, Math.min(width, height) * 0.05);
    const inset = { left: margin, right: margin, top: margin, bottom: margin };
    const { offsetLeft: x, offsetTop: y, offsetWidth: wide, offsetHeight: high } = this.controls;
    if (wide > high) {
      const above = y + high / 2 < height / 2;
      inset[above ? "top" : "bottom"] += above ? y + high : height - y;
    } else {
      const before = x + wide / 2 < width / 2;
      inset[before ? "left" : "right"] += before ? x + wide : width - x;
    }
    this.centerX = (inset.left + width - inset.right) / 2;
    this.centerY = (inset.top + height - inset.bottom) / 2;
    this.half = Math.max(
      1,
      Math.min(
        (width - inset.left - inset.right) / 2 / this.reach[0],
        (height - inset.top - inset.bottom) / 2 / this.reach[1],
      ),
    );
    this.radius = Math.max(
      1.5,
      Math.min(5.5, this.half / 3.2 / Math.sqrt(this.members.length || 1)),
    );
  }

  /** Contour lines of the recipes' density, as paths in the stage before zooming. */
  density() {
    if (this.members.length < 30) return [];
    const path = d3.geoPath();
    const contour = d3
      .contourDensity()
      .x((i) => this.px(i))
      .y((i) => this.py(i))
      .size([this.width, this.height])
      .bandwidth(Math.min(this.width, this.height) / 30)
      .cellSize(4)
      .contours(this.members);
    // Levels relative to the maximum density, so that every stage gets the same number of lines.
    return [0.04, 0.1, 0.2, 0.32, 0.46, 0.62, 0.8].map(
      (share) => new Path2D(path(contour(share * contour.max))),
    );
  }

  // Position in the stage before zooming; y points up.
  px(i) {
    return this.centerX + this.x[i] * this.half;
  }
  py(i) {
    return this.centerY - this.y[i] * this.half;
  }
  position(i) {
    const { k, x, y } = this.transform;
    return [this.px(i) * k + x, this.py(i) * k + y];
  }

  theme() {
    if (!this.width) return;
    for (const name of ["ink", "paper", "accent"]) this[name] = css(`--${name}`);
    this.groundColor = css("--ground");
    this.colors = this.model.groups.map((group) => css(`--g-${group.key}`));
    this.painter.theme(this);
    this.draw();
  }

  /** The filter has changed. */
  filtered() {
    this.painter.filtered();
    this.draw();
  }

  draw() {
    if (this.frame || !this.ready) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  /** Transform the last frame of slow layers; redraw them when the map stops moving. */
  glide(layers) {
    const { k, x, y } = this.transform;
    const scale = k / this.painted.k;
    for (const canvas of layers) {
      canvas.style.transform = `translate(${x - this.painted.x * scale}px, ${y - this.painted.y * scale}px) scale(${scale})`;
    }
    if (layers.length > 1) this.paintOver();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.moving = false;
      this.draw();
    }, 90);
  }

  /** Marks grow with the zoom, but slower than the distances between them. */
  get markRadius() {
    return Math.round(Math.min(9, this.radius * this.k ** 0.45) * 4) / 4;
  }

  clean(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  paint() {
    const morph = this.morph ?? 1;
    const crowded = this.members.length > 2000;
    if (this.moving && crowded && this.painted && morph === 1) this.glide([this.ground]);
    else {
      this.painted = this.transform;
      for (const canvas of [this.ground, this.painter.canvas, this.words])
        canvas.style.transform = "";
      // On a crowded map the contours fade in after the marks have moved.
      if (!crowded || morph === 1) this.paintGround(Math.max(0, 2 * morph - 1));
      else this.clean(this.ground);
    }
    const radius = this.markRadius;
    const litRadius = this.model.searching || this.model.within ? radius * 1.25 : radius;
    this.painter.draw({
      members: this.members,
      position: (i) => this.position(i),
      radius,
      litRadius,
      morph,
      dense: this.members.length > 5000,
      map: this,
      width: this.width,
      height: this.height,
    });
    const context = this.clean(this.words);
    if (morph === 1) this.write(context, radius, litRadius);
    this.paintOver();
  }

  paintGround(strength) {
    const context = this.clean(this.ground);
    const { k, x, y } = this.transform;
    context.translate(x, y);
    context.scale(k, k);
    context.fillStyle = context.strokeStyle = this.groundColor;
    context.lineWidth = 1 / k;
    for (const path of this.contours) {
      context.globalAlpha = 0.055 * strength;
      context.fill(path);
      context.globalAlpha = 0.22 * strength;
      context.stroke(path);
    }
  }

  /** Labels: neighborhoods when zoomed out, recipes when zoomed in; labels never overlap. */
  write(context, radius, litRadius) {
    const { model, width, height } = this;
    const visible = [];
    for (const i of this.members) {
      if (!model.lit[i]) continue;
      const [x, y] = this.position(i);
      if (x > -12 && y > -12 && x < width + 12 && y < height + 12) visible.push([i, x, y]);
    }
    const picked = model.searching || model.within;
    if (picked && visible.length <= 400) {
      context.strokeStyle = this.ink;
      context.lineWidth = 1.25;
      context.beginPath();
      for (const [, x, y] of visible) {
        context.moveTo(x + litRadius + 4, y);
        context.arc(x, y, litRadius + 4, 0, 2 * Math.PI);
      }
      context.stroke();
    }
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.controls;
    const taken = [
      [offsetLeft - 4, offsetTop - 4, offsetLeft + offsetWidth + 4, offsetTop + offsetHeight + 4],
    ];
    const free = (box) =>
      box[0] >= 2 &&
      box[1] >= 2 &&
      box[2] <= width - 2 &&
      box[3] <= height - 2 &&
      taken.every((b) => box[2] < b[0] || box[0] > b[2] || box[3] < b[1] || box[1] > b[3]);
    context.lineJoin = "round";
    context.textBaseline = "middle";
    context.strokeStyle = this.paper;
    context.fillStyle = this.ink;
    const letter = (text, x, y, weight) => {
      context.lineWidth = weight;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    };
    this.labels = [];
    if (!picked && model.chosen.size === 0)
      this.writeRegions(context, visible, radius, taken, free, letter);
    if (visible.length > (picked ? 40 : 90)) return;
    context.font = `500 12px ${css("--sans")}`;
    context.textAlign = "left";
    const gap = picked ? litRadius + 8 : radius + 4;
    // Labels avoid all marks; each is placed beside its own.
    taken.push(...visible.map(([, x, y]) => [x - gap + 3, y - gap + 3, x + gap - 3, y + gap - 3]));
    for (const [i, x, y] of visible) {
      const name = model.recipes.name[i];
      const text = name.length > 32 ? `${name.slice(0, 31)}…` : name;
      const long = context.measureText(text).width;
      const box = [
        [x + gap, y - 7, x + gap + 2 + long, y + 7],
        [x - gap - 2 - long, y - 7, x - gap, y + 7],
      ].find(free);
      if (!box) continue;
      taken.push(box);
      letter(text, box[0] + 1, y, 3.5);
    }
  }

  /** Names of regions, coarse ones from afar and fine ones from near, in free space. */
  writeRegions(context, visible, radius, taken, free, letter) {
    const marks = Occupancy.of(
      visible.map(([, x, y]) => [x, y]),
      radius + 2,
      this.width,
      this.height,
    );
    const open = (box) => free(box) && marks.free(box);
    for (const region of this.regions) {
      const { from, to, font } = LEVELS[region.level ?? 0];
      if (this.k < from || this.k >= to) continue;
      const anchor = this.transform.apply([
        this.centerX + region.x * this.half,
        this.centerY - region.y * this.half,
      ]);
      if (anchor[0] < 0 || anchor[1] < 0 || anchor[0] > this.width || anchor[1] > this.height)
        continue;
      context.font = `italic 600 ${font}px ${css("--serif")}`;
      context.textAlign = "center";
      const lines = region.name.split(" · ");
      const size = [
        d3.max(lines, (line) => context.measureText(line).width) + 8,
        font * 1.2 * lines.length + 4,
      ];
      const box = placeLabel(anchor, size, open);
      if (!box) continue;
      taken.push(box);
      this.labels.push({ name: region.name, box, anchor });
      this.point(context, box, anchor);
      const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
      for (const [index, line] of lines.entries()) {
        letter(line, x, y + (index - (lines.length - 1) / 2) * font * 1.2, 4);
      }
    }
  }

  /** A line from a label to what it names, where they are apart. */
  point(context, [left, top, right, bottom], [x, y]) {
    const nearX = Math.max(left, Math.min(right, x));
    const nearY = Math.max(top, Math.min(bottom, y));
    if (Math.hypot(nearX - x, nearY - y) < 12) return;
    context.save();
    for (const [color, width] of [
      [this.paper, 3],
      [this.ink, 1],
    ]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(nearX, nearY);
      context.lineTo(x, y);
      context.stroke();
    }
    context.restore();
  }

  /** Lines from the selected recipe to its nearest, wherever the map has put them. */
  paintNearest(context) {
    const { model } = this;
    const from = model.selected;
    if (from < 0 || this.x[from] === null) return;
    const [x, y] = this.position(from);
    const near = model.nearest(from).filter(({ row }) => this.x[row] !== null);
    for (const [color, width] of [
      [this.paper, 4.5],
      [this.accent, 1.75],
    ]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      for (const { row } of near) {
        const [toX, toY] = this.position(row);
        context.moveTo(x, y);
        context.lineTo(toX, toY);
      }
      context.stroke();
    }
    for (const { row } of near) this.stampMark(context, row, Math.max(3.5, this.markRadius));
  }

  stampMark(context, i, radius) {
    const { model } = this;
    const [x, y] = this.position(i);
    context.save();
    context.translate(x, y);
    context.fillStyle = this.colors[model.recipes.group[i]];
    context.fill(new Path2D(markPath(model.groupOf(i).shape, radius * 1.3)), "evenodd");
    context.restore();
  }

  paintOver() {
    if (!this.ready) return;
    const { model } = this;
    const context = this.clean(this.over);
    const radius = Math.max(3.5, this.markRadius);
    if ((this.morph ?? 1) === 1) this.paintNearest(context);
    if ((this.morph ?? 1) === 1)
      for (const [i, strong] of [
        [model.selected, true],
        [model.hover, false],
      ]) {
        if (i < 0 || this.x[i] === null) continue;
        const [x, y] = this.position(i);
        this.stampMark(context, i, radius);
        context.save();
        context.translate(x, y);
        for (const [color, width] of [
          [this.paper, 5],
          [strong ? this.accent : this.ink, 2.5],
        ]) {
          context.beginPath();
          context.arc(0, 0, radius + (strong ? 8 : 6), 0, 2 * Math.PI);
          context.strokeStyle = color;
          context.lineWidth = width;
          context.stroke();
        }
        context.restore();
      }
    if (!this.loop) return;
    const path = new Path2D(`M${this.loop.map((point) => point.join(",")).join("L")}Z`);
    context.globalAlpha = 0.12;
    context.fillStyle = context.strokeStyle = this.accent;
    context.fill(path);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.stroke(path);
  }

  /** The matching recipe nearest to a point of the stage, within `reach` pixels; -1 for none. */
  find([sx, sy], reach) {
    const [bx, by] = this.transform.invert([sx, sy]);
    const x = (bx - this.centerX) / this.half;
    const y = (this.centerY - by) / this.half;
    const far = reach / this.k / this.half;
    let best = -1;
    let bestDistance = far * far;
    this.tree.visit((quad, x0, y0, x1, y1) => {
      if (!quad.length) {
        for (let leaf = quad; leaf; leaf = leaf.next) {
          const i = leaf.data;
          if (!this.model.lit[i]) continue;
          const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
          if (distance < bestDistance) {
            bestDistance = distance;
            best = i;
          }
        }
      }
      return x0 > x + far || x1 < x - far || y0 > y + far || y1 < y - far;
    });
    return best;
  }

  showHover(i, withCard) {
    this.over.style.cursor = i >= 0 ? "pointer" : "";
    this.card.hidden = i < 0 || !withCard;
    this.paintOver();
    if (this.card.hidden) return;
    const { model } = this;
    this.card.replaceChildren(
      el("strong", { textContent: model.recipes.name[i] }),
      el(
        "span",
        { className: "base-name" },
        createSwatch(model.groupOf(i)),
        model.groupOf(i).label,
      ),
      el("span", { className: "contents-line", textContent: model.ingredientsOf(i).join(", ") }),
    );
    const [x, y] = this.position(i);
    const { offsetWidth: wide, offsetHeight: high } = this.card;
    const above = y - high - 18;
    this.card.style.left = `${Math.max(6, Math.min(this.width - wide - 6, x - wide / 2))}px`;
    this.card.style.top = `${above > 6 ? above : Math.min(y + 18, this.height - high - 6)}px`;
  }
}
