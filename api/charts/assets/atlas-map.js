// One map on its stage: its layers, when each is drawn, and its hover card.
import { calm, count, css } from "./elements.js";
import { paintAway, paintGround, paintLoop, paintRings } from "./map-drawing.js";
import { createZoom, listen, MIN_ZOOM } from "./map-gestures.js";
import { buildStage, fillCard } from "./map-stage.js";
import { MapView } from "./map-view.js";
import { layOutNames, writeNames } from "./map-words.js";

const NAMES = { manhattan: "Manhattan", em: "Learned" };
const CROWDED = 2000;
const DENSE = 5000;
const TRAVEL_MS = 900;
const LATE_MS = 100;

export class AtlasMap extends MapView {
  /**
   * @param stage element that the map fills
   * @param key "manhattan" or "em"
   * @param painter draws the marks: CanvasMarks or WebglMarks
   * @param on callbacks: `hover(i, map)`, `select(i, map)`, and where wanted `open(i)`, `moved(map)`
   *   and `lasso(recipes)`
   */
  constructor(stage, { key, model, painter, on }) {
    super(model);
    Object.assign(this, { stage, painter, on });
    this.labels = []; // names on the stage (layOutNames)
    buildStage(this);
    this.zoom = createZoom(this);
    this.layOut(key);
    listen(this);
    new ResizeObserver(() => this.resize()).observe(stage);
  }

  get title() {
    return NAMES[this.key];
  }
  get dense() {
    return this.members.length > DENSE;
  }
  /** The layers below the marks; those that are drawn with them; both, from the bottom. */
  get grounds() {
    return [this.ground, this.pulse];
  }
  get marks() {
    return [this.rings, this.painter.canvas, this.words];
  }
  get layers() {
    return [...this.grounds, ...this.marks];
  }

  /** Show another map's positions, animated when there was one before. */
  layOut(key) {
    const before = this.key && { x: this.x, y: this.y, half: this.half };
    this.setLayout(key);
    if (this.width) this.fit(this.controls);
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
    this.drawContours();
    if (before && this.painter.place && !calm()) this.travel();
    else this.draw();
  }

  /** Animate marks from their old positions to the new ones. */
  travel() {
    this.traveling?.stop();
    this.morph = 0;
    this.traveling = d3.timer((elapsed) => {
      this.morph = Math.min(1, d3.easeCubicInOut(Math.min(1, elapsed / TRAVEL_MS)));
      if (elapsed >= TRAVEL_MS) {
        this.traveling.stop();
        this.morph = 1;
      }
      this.draw();
    });
  }

  // The view ----------------------------------------------------------------------------------------

  /** The zoom behavior has moved the map. */
  moveTo(transform) {
    this.transform = transform;
    if (transform.toString() === this.goal?.toString()) this.goal = null;
    this.card.hidden = true;
    this.moving = true;
    clearTimeout(this.naming);
    if (this.painter.slow || this.late) {
      this.glide(this.grounds, this.painted);
      this.glide(this.marks, this.drawn);
    } else this.draw();
  }

  zoomBy(factor) {
    this.animate((s) => s.call(this.zoom.scaleBy, factor));
  }
  reset() {
    this.animate((s) => s.call(this.zoom.transform, d3.zoomIdentity));
  }
  /** @param goal the transform that the movement ends at, where it is known */
  animate(act, goal = null) {
    this.goal = goal;
    const surface = d3.select(this.over);
    act(calm() ? surface : surface.transition().duration(320));
  }

  get view() {
    return super.view;
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

  /** Show the whole map above a sheet that covers the bottom of the stage, and back; 0 for none. */
  makeRoom(bottom) {
    if (!this.width || this.moved) return;
    const high = this.height - bottom;
    const k = Math.min(1, (high - 32) / (2 * this.half * this.reach[1]));
    this.room = bottom
      ? d3.zoomIdentity
          .translate(this.centerX * (1 - k), high / 2 - this.centerY * k)
          .scale(Math.max(MIN_ZOOM, k))
      : null;
    const goal = this.room ?? d3.zoomIdentity;
    this.animate((s) => s.call(this.zoom.transform, goal), goal);
  }

  /** Whether the reader has moved the map. */
  get moved() {
    return (this.goal ?? this.transform).toString() !== (this.room ?? d3.zoomIdentity).toString();
  }

  /** Pan to a recipe that is out of view, or will be where the map is moving to. */
  reveal(i) {
    if (!this.ready || this.x[i] === null) return;
    const [x, y] = (this.goal ?? this.transform).apply([this.px(i), this.py(i)]);
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
    this.fit(this.controls);
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [...this.layers, this.over]) {
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
        [width * 1.25, height * 2.5],
      ]);
    this.drawContours();
    this.theme();
    if (view) {
      this.view = view;
      return;
    }
    // What was asked for before the stage had a size.
    if (this.covered.bottom) this.makeRoom(this.covered.bottom);
    if (this.model.selected >= 0) this.reveal(this.model.selected);
  }

  // Drawing -----------------------------------------------------------------------------------------

  drawContours() {
    this.outlines = this.density();
    this.contours = this.outlines.map((path) => new Path2D(path));
  }

  /** The colors have changed: another theme, or another field. */
  theme() {
    if (!this.width) return;
    for (const name of ["ink", "paper", "accent"]) this[name] = css(`--${name}`);
    this.groundColor = css("--ground");
    this.colors = this.model.field.classes.map(({ color }) => css(color));
    this.painter.theme(this);
    this.draw();
  }

  /** Another filter, search or shelf. */
  filtered() {
    this.painter.filtered();
    this.draw();
  }

  draw() {
    if (this.frame || !this.ready) return;
    const asked = performance.now();
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      // The graphics card, or what takes its place, does not keep up with so many marks.
      this.late = this.dense && this.moving && performance.now() - asked > LATE_MS;
      this.paint();
    });
  }

  /** Move layers that were drawn for another transform; redraw them when the map stops moving. */
  glide(layers, drawn) {
    const { k, x, y } = this.transform;
    const scale = k / drawn.k;
    for (const canvas of layers) {
      canvas.style.transform = `translate(${x - drawn.x * scale}px, ${y - drawn.y * scale}px) scale(${scale})`;
    }
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.moving = this.late = false;
      this.draw();
    }, 90);
  }

  clean(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.globalAlpha = 1;
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  paint() {
    const morph = this.morph ?? 1;
    const crowded = this.members.length > CROWDED;
    const radius = this.markRadius;
    const few = this.model.picked || this.model.reach;
    const litRadius = few ? Math.max(3, radius * 1.25) : radius;
    const gliding = this.moving && crowded && this.painted && morph === 1;
    this.drawn = this.transform;
    for (const canvas of this.marks) canvas.style.transform = "";
    if (gliding) this.glide(this.grounds, this.painted);
    else {
      this.painted = this.transform;
      for (const canvas of this.grounds) canvas.style.transform = "";
      const ground = this.clean(this.ground);
      // On a crowded map the contours fade in after the marks have moved.
      if (!crowded || morph === 1) paintGround(this, ground, Math.max(0, 2 * morph - 1), litRadius);
      const pulse = this.clean(this.pulse);
      // An empty canvas that pulses would keep a phone's processor awake.
      this.pulse.hidden = !this.model.reach;
      if (this.model.reach && morph === 1) paintAway(this, pulse, litRadius);
    }
    this.painter.draw({ map: this, radius, litRadius, morph });
    this.labels = [];
    clearTimeout(this.naming);
    if (!this.dense) this.name(litRadius);
    else {
      this.paintOver();
      // A task of its own: among so many marks it takes as long as drawing them.
      if (!gliding) this.naming = setTimeout(() => this.name(litRadius));
    }
  }

  name(litRadius) {
    const words = this.words.getContext("2d");
    const width = (text, font) => {
      words.font = font;
      return words.measureText(text).width;
    };
    if ((this.morph ?? 1) === 1) this.labels = layOutNames(this, litRadius, width);
    this.paintOver();
  }

  /** The selection or what is pointed at has changed, or the names are known. */
  paintOver() {
    if (!this.ready) return;
    const rings = this.clean(this.rings);
    const words = this.clean(this.words);
    if ((this.morph ?? 1) < 1) return;
    writeNames(this, this.labels, words, rings);
    paintRings(this, rings);
  }

  paintLoop() {
    const context = this.clean(this.over);
    if (this.lasso.loop) paintLoop(this, context);
  }

  showHover(i, withCard) {
    this.over.style.cursor = i >= 0 ? "pointer" : "";
    this.card.hidden = i < 0 || !withCard;
    this.paintOver();
    if (!this.card.hidden) fillCard(this, i);
  }
}
