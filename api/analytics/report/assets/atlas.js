// The two maps, their search, legend, selection and table.
import { Report } from "./core.js";

(() => {
  const { data, el, fold, number, count, css, markPath, swatch } = Report;
  const atlas = document.getElementById("atlas");
  if (!atlas) return;

  const { recipes, groups, names } = data;
  const total = recipes.id.length;
  const ingredientsOf = (i) => recipes.ingredients[i].map((index) => names[index]);
  const haystack = recipes.name.map((name, i) => fold(`${name}\n${ingredientsOf(i).join("\n")}`));

  // Shared state: one search, one filter, one hover and one selection for both maps.
  const state = { terms: [], chosen: new Set(), hover: -1, selected: -1, matches: [] };
  const shown = new Uint8Array(total).fill(1); // passes the legend
  const lit = new Uint8Array(total).fill(1); // passes the legend and the search
  let order = []; // matching recipes by name, for the table and for Enter
  const byName = d3.range(total).sort((a, b) =>
    recipes.name[a].localeCompare(recipes.name[b], "en") || recipes.id[a] - recipes.id[b]);

  class AtlasMap {
    constructor(figure) {
      this.key = figure.dataset.map;
      this.figure = figure;
      this.title = figure.querySelector("h3").firstChild.textContent.trim();
      this.stage = figure.querySelector(".stage");
      const { x, y, regions } = data.maps.find((map) => map.key === this.key);
      this.x = x;
      this.y = y;
      this.regions = regions;
      this.members = d3.range(total).filter((i) => x[i] !== null);
      if (!this.members.length) {
        this.stage.classList.add("vacant");
        this.stage.append(el("p", { className: "empty",
          textContent: "This map has no recipes in this snapshot." }));
        return;
      }
      this.tree = d3.quadtree(this.members, (i) => x[i], (i) => y[i]);
      this.base = el("canvas", { className: "base" });
      this.over = el("canvas", { className: "over", tabIndex: 0, role: "application",
        "aria-label": `${this.title} map of ${count(this.members.length, "recipe", "recipes")}. ` +
          "Arrow keys go from recipe to recipe, plus and minus zoom, zero shows all. " +
          "The same recipes are in the table below." });
      this.card = el("div", { className: "hover-card", hidden: true });
      this.tip = el("p", { className: "wheel-tip", textContent: /Mac|iP/.test(navigator.platform)
        ? "⌘ and scroll to zoom" : "Ctrl and scroll to zoom" });
      const button = (label, text, act) => el("button",
        { type: "button", textContent: text, title: label, "aria-label": `${label} (${this.title} map)`,
          onclick: act });
      const controls = el("div", { className: "zoom" },
        button("Zoom in", "+", () => this.zoomBy(1.8)),
        button("Zoom out", "−", () => this.zoomBy(1 / 1.8)),
        button("Show all", "⤢", () => this.reset()));
      this.stage.append(this.base, this.over, this.card, this.tip, controls);
      this.transform = d3.zoomIdentity;
      this.zoom = d3.zoom().scaleExtent([0.8, 48])
        .filter((event) => {
          if (event.type === "wheel") {
            // A page one can't scroll past is worse than a map that wants a key held.
            if (event.ctrlKey || event.metaKey) return true;
            this.stage.classList.add("wants-key");
            clearTimeout(this.tipTimer);
            this.tipTimer = setTimeout(() => this.stage.classList.remove("wants-key"), 900);
            return false;
          }
          if (event.touches) return event.touches.length > 1;
          return !event.button;
        })
        .clickDistance(5)
        .on("zoom", (event) => {
          this.transform = event.transform;
          this.card.hidden = true;
          if (this.stamped > 4000) this.glide();
          else this.draw();
        });
      d3.select(this.over).call(this.zoom).on("dblclick.zoom", null);
      this.listen();
      new ResizeObserver(() => this.resize()).observe(this.stage);
    }

    get ready() { return Boolean(this.tree) && this.size > 0; }

    listen() {
      const at = (event) => this.find(d3.pointer(event, this.over), event.pointerType === "touch" ? 24 : 14);
      this.over.addEventListener("pointermove", (event) => {
        if (event.pointerType !== "touch" && event.buttons === 0) setHover(at(event), this);
      });
      this.over.addEventListener("pointerleave", () => setHover(-1, this));
      this.over.addEventListener("click", (event) => select(at(event), this));
      this.over.addEventListener("keydown", (event) => this.key_(event));
    }

    key_(event) {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps) this.walk(...steps[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.8);
      else if (event.key === "-") this.zoomBy(1 / 1.8);
      else if (event.key === "0") this.reset();
      else if (event.key === "Escape") select(-1, this);
      else return;
      event.preventDefault();
    }

    /** Go to the closest lit recipe in a direction, straight ahead being closest. */
    walk(dx, dy) {
      const from = state.selected;
      let best = -1;
      let bestCost = Infinity;
      const placed = from >= 0 && this.x[from] !== null;
      for (const i of this.members) {
        if (!lit[i] || i === from) continue;
        // Without a start: the one nearest to the centre of the view.
        const centre = this.transform.invert([this.size / 2, this.size / 2]);
        const ax = placed ? this.x[i] - this.x[from] : this.px(i) - centre[0];
        const ay = placed ? this.y[from] - this.y[i] : this.py(i) - centre[1];
        const ahead = ax * dx + ay * dy;
        const aside = Math.abs(ax * dy) + Math.abs(ay * dx);
        if (placed && (ahead <= 0 || aside > 2 * ahead)) continue;
        const cost = placed ? ahead + 2 * aside : ax * ax + ay * ay;
        if (cost < bestCost) { bestCost = cost; best = i; }
      }
      if (best >= 0) {
        select(best, this);
        this.reveal(best);
      }
    }

    zoomBy(factor) { this.animate((s) => s.call(this.zoom.scaleBy, factor)); }
    reset() { this.animate((s) => s.call(this.zoom.transform, d3.zoomIdentity)); }

    animate(act) {
      const surface = d3.select(this.over);
      act(Report.calm() ? surface : surface.transition().duration(320));
    }

    /** Bring a recipe into view when it is outside. */
    reveal(i) {
      if (!this.ready || this.x[i] === null) return;
      const [x, y] = this.transform.apply([this.px(i), this.py(i)]);
      const edge = 24;
      if (x < edge || y < edge || x > this.size - edge || y > this.size - edge) {
        this.animate((s) => s.call(this.zoom.translateTo, this.px(i), this.py(i)));
      }
    }

    resize() {
      const size = this.stage.clientWidth;
      if (!size || size === this.size) return;
      const ratio = window.devicePixelRatio || 1;
      const scale = this.size ? size / this.size : 1;
      this.size = size;
      this.half = size / 2 - Math.max(18, size * 0.05);
      for (const canvas of [this.base, this.over]) {
        canvas.width = canvas.height = Math.round(size * ratio);
      }
      this.ratio = ratio;
      const extent = [[0, 0], [size, size]];
      this.zoom.extent(extent).translateExtent([[-size * 0.25, -size * 0.25], [size * 1.25, size * 1.25]]);
      const { k, x, y } = this.transform;
      d3.select(this.over).property("__zoom",
        this.transform = d3.zoomIdentity.translate(x * scale, y * scale).scale(k));
      this.radius = Math.max(1.5, Math.min(5, size / 7 / Math.sqrt(this.members.length)));
      this.contours = this.members.length < 30 ? [] : d3.contourDensity()
        .x((i) => this.px(i)).y((i) => this.py(i)).size([size, size])
        .bandwidth(size / 34).cellSize(4).thresholds(7)(this.members);
      this.theme();
    }

    // Position in the stage before zooming; the vertical axis points up as on paper.
    px(i) { return this.size / 2 + this.x[i] * this.half; }
    py(i) { return this.size / 2 - this.y[i] * this.half; }

    theme() {
      if (!this.ready) return;
      this.ink = css("--ink");
      this.paper = css("--paper");
      this.accent = css("--accent");
      this.ground = css("--ground");
      this.colours = groups.map((group) => css(`--g-${group.key}`));
      this.stamps = new Map();
      this.draw();
    }

    /** A mark drawn once and stamped many times, which is what makes 20,000 of them quick. */
    stamp(group, radius) {
      const key = `${group}/${radius}`;
      if (!this.stamps.has(key)) {
        const side = Math.ceil((radius * 1.4 + 1.5) * 2 * this.ratio);
        const canvas = el("canvas", { width: side, height: side });
        const context = canvas.getContext("2d");
        context.translate(side / 2, side / 2);
        context.scale(this.ratio, this.ratio);
        const path = new Path2D(markPath(groups[group].shape, radius));
        if (radius > 2.2 && groups[group].shape !== "ring") {
          context.lineWidth = 1.2;
          context.strokeStyle = this.paper;
          context.stroke(path);
        }
        context.fillStyle = this.colours[group];
        context.fill(path, "evenodd");
        this.stamps.set(key, canvas);
      }
      return this.stamps.get(key);
    }

    draw() {
      if (this.frame || !this.ready) return;
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.paintBase();
        this.paintOver();
      });
    }

    /** While a crowded map moves, move its last picture; draw it sharp when it comes to rest. */
    glide() {
      const { k, x, y } = this.transform;
      const scale = k / this.painted.k;
      this.base.style.transform =
        `translate(${x - this.painted.x * scale}px, ${y - this.painted.y * scale}px) scale(${scale})`;
      this.paintOver();
      clearTimeout(this.rest);
      this.rest = setTimeout(() => this.draw(), 90);
    }

    /** Marks grow with the zoom, but slower than the distances between them. */
    markRadius() {
      const grown = this.radius * Math.pow(this.transform.k, 0.45);
      return Math.round(Math.min(9, grown) * 4) / 4;
    }

    paintBase() {
      const context = this.base.getContext("2d");
      const { k, x: tx, y: ty } = this.transform;
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.size, this.size);

      context.save();
      context.translate(tx, ty);
      context.scale(k, k);
      const path = d3.geoPath(null, context);
      context.fillStyle = this.ground;
      for (const contour of this.contours) {
        context.beginPath();
        path(contour);
        context.globalAlpha = 0.055;
        context.fill();
        context.globalAlpha = 0.22;
        context.strokeStyle = this.ground;
        context.lineWidth = 1 / k;
        context.stroke();
      }
      context.restore();

      const radius = this.markRadius();
      const searching = state.terms.length > 0;
      const visible = [];
      this.stamped = 0;
      this.painted = this.transform;
      this.base.style.transform = "";
      const put = (i) => {
        const x = this.px(i) * k + tx;
        const y = this.py(i) * k + ty;
        if (x < -12 || y < -12 || x > this.size + 12 || y > this.size + 12) return;
        const stamp = this.stamp(recipes.group[i], lit[i] && searching ? radius * 1.25 : radius);
        context.drawImage(stamp, Math.round(x * this.ratio - stamp.width / 2),
          Math.round(y * this.ratio - stamp.height / 2));
        this.stamped += 1;
        if (lit[i]) visible.push([i, x, y]);
      };
      const dense = this.members.length > 5000;
      // Stamps land on whole device pixels: copying is several times cheaper than resampling.
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalAlpha = searching ? 0.1 : 0.06;
      for (const i of this.members) if (!lit[i] && (shown[i] || !dense)) put(i);
      context.globalAlpha = searching ? 1 : dense ? 0.7 : 0.92;
      for (const i of this.members) if (lit[i]) put(i);
      context.globalAlpha = 1;
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      if (searching && visible.length <= 400) {
        context.strokeStyle = this.ink;
        context.lineWidth = 1.25;
        context.beginPath();
        for (const [, x, y] of visible) {
          context.moveTo(x + radius * 1.25 + 4, y);
          context.arc(x, y, radius * 1.25 + 4, 0, 2 * Math.PI);
        }
        context.stroke();
      }
      this.write(context, visible, radius);
    }

    /** Names: neighbourhoods from afar, recipes from near, never one over another. */
    write(context, visible, radius) {
      const { k } = this.transform;
      // The zoom buttons stand in the lower right corner.
      const taken = [[this.size - 52, this.size - 126, this.size, this.size]];
      const free = (box) => box[0] >= 2 && box[1] >= 2 && box[2] <= this.size - 2 &&
        box[3] <= this.size - 2 &&
        taken.every((b) => box[2] < b[0] || box[0] > b[2] || box[3] < b[1] || box[1] > b[3]);
      context.lineJoin = "round";
      context.textBaseline = "middle";
      const letter = (text, x, y, weight) => {
        context.lineWidth = weight;
        context.strokeStyle = this.paper;
        context.strokeText(text, x, y);
        context.fillText(text, x, y);
      };
      const searching = state.terms.length > 0;
      const few = visible.length <= (searching ? 40 : 90);
      if (!searching && k < 6 && state.chosen.size === 0) {
        const font = this.size < 420 ? 12 : 14;
        context.font = `italic 600 ${font}px ${css("--serif")}`;
        context.textAlign = "center";
        context.fillStyle = this.ink;
        context.globalAlpha = Math.max(0, Math.min(1, (6 - k) / 2));
        for (const region of this.regions) {
          const lines = region.name.split(" · ");
          const width = d3.max(lines, (line) => context.measureText(line).width);
          const height = font * 1.15 * lines.length;
          let [x, y] = this.transform.apply(
            [this.size / 2 + region.x * this.half, this.size / 2 - region.y * this.half]);
          if (x < 0 || y < 0 || x > this.size || y > this.size) continue;
          x = Math.max(width / 2 + 4, Math.min(this.size - width / 2 - 4, x));
          y = Math.max(height / 2 + 4, Math.min(this.size - height / 2 - 4, y));
          const box = [x - width / 2 - 4, y - height / 2 - 2, x + width / 2 + 4, y + height / 2 + 2];
          if (!free(box)) continue;
          taken.push(box);
          lines.forEach((line, index) =>
            letter(line, x, y + (index - (lines.length - 1) / 2) * font * 1.15, 4));
        }
        context.globalAlpha = 1;
      }
      if (few) {
        context.font = `500 12px ${css("--sans")}`;
        context.textAlign = "left";
        context.fillStyle = this.ink;
        const gap = searching ? radius * 1.25 + 8 : radius + 4;
        // Names keep clear of every mark, save that they stand beside their own.
        const marks = visible.map(([, x, y]) => [x - gap + 3, y - gap + 3, x + gap - 3, y + gap - 3]);
        taken.push(...marks);
        for (const [i, x, y] of visible) {
          const text = recipes.name[i].length > 32 ? `${recipes.name[i].slice(0, 31)}…` : recipes.name[i];
          const width = context.measureText(text).width;
          const right = [x + gap, y - 7, x + gap + 2 + width, y + 7];
          const left = [x - gap - 2 - width, y - 7, x - gap, y + 7];
          const box = free(right) ? right : free(left) ? left : null;
          if (!box) continue;
          taken.push(box);
          letter(text, box[0] + 1, y, 3.5);
        }
      }
    }

    paintOver() {
      if (!this.ready) return;
      const context = this.over.getContext("2d");
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, this.size, this.size);
      const radius = Math.max(3.5, this.markRadius());
      for (const [i, strong] of [[state.selected, true], [state.hover, false]]) {
        if (i < 0 || this.x[i] === null) continue;
        const [x, y] = this.transform.apply([this.px(i), this.py(i)]);
        const stamp = this.stamp(recipes.group[i], radius * 1.3);
        const side = stamp.width / this.ratio;
        context.drawImage(stamp, x - side / 2, y - side / 2, side, side);
        for (const [colour, width] of [[this.paper, 5], [strong ? this.accent : this.ink, 2.5]]) {
          context.beginPath();
          context.arc(x, y, radius + (strong ? 8 : 6), 0, 2 * Math.PI);
          context.strokeStyle = colour;
          context.lineWidth = width;
          context.stroke();
        }
      }
    }

    /** The lit recipe closest to a point of the stage, within a reach in pixels; -1 for none. */
    find([sx, sy], reach) {
      const [bx, by] = this.transform.invert([sx, sy]);
      const x = (bx - this.size / 2) / this.half;
      const y = (this.size / 2 - by) / this.half;
      const far = reach / this.transform.k / this.half;
      let best = -1;
      let bestDistance = far * far;
      this.tree.visit((quad, x0, y0, x1, y1) => {
        if (!quad.length) {
          for (let leaf = quad; leaf; leaf = leaf.next) {
            const i = leaf.data;
            if (!lit[i]) continue;
            const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
            if (distance < bestDistance) { bestDistance = distance; best = i; }
          }
        }
        return x0 > x + far || x1 < x - far || y0 > y + far || y1 < y - far;
      });
      return best;
    }

    /** The recipes closest to one recipe, closest first. */
    nearest(i, howMany) {
      if (!this.tree || this.x[i] === null) return [];
      const distance = (j) => (this.x[j] - this.x[i]) ** 2 + (this.y[j] - this.y[i]) ** 2;
      return this.members.filter((j) => j !== i).map((j) => [distance(j), j])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, howMany).map(([, j]) => j);
    }

    showCard(i) {
      if (i < 0) { this.card.hidden = true; return; }
      this.card.replaceChildren(
        el("strong", { textContent: recipes.name[i] }),
        el("span", { className: "base-name" }, swatch(recipes.group[i]),
          groups[recipes.group[i]].label),
        el("span", { className: "contents-line", textContent: ingredientsOf(i).join(", ") }));
      this.card.hidden = false;
      const [x, y] = this.transform.apply([this.px(i), this.py(i)]);
      const { offsetWidth: width, offsetHeight: height } = this.card;
      const left = Math.max(6, Math.min(this.size - width - 6, x - width / 2));
      const above = y - height - 18;
      this.card.style.left = `${left}px`;
      this.card.style.top = `${above > 6 ? above : Math.min(y + 18, this.size - height - 6)}px`;
    }
  }

  const maps = [...atlas.querySelectorAll(".map")].map((figure) => new AtlasMap(figure));

  function setHover(i, where) {
    if (i === state.hover) return;
    state.hover = i;
    for (const map of maps) {
      if (!map.ready) continue;
      map.over.style.cursor = i >= 0 ? "pointer" : "";
      map.showCard(map === where ? i : -1);
      map.paintOver();
    }
  }

  const panel = document.getElementById("selection");
  const placeholder = panel.firstElementChild;

  function select(i, where) {
    state.selected = i;
    setHover(-1, where);
    for (const map of maps) {
      if (!map.ready) continue;
      map.paintOver();
      if (map !== where && i >= 0) map.reveal(i);
    }
    if (i < 0) {
      panel.replaceChildren(placeholder);
      delete panel.dataset.recipe;
      return;
    }
    panel.dataset.recipe = recipes.id[i];
    const composition = el("ol", { className: "composition" },
      ...ingredientsOf(i).map((name) => el("li", { textContent: name })));
    const about = el("div", { className: "about" },
      el("h3", { textContent: recipes.name[i] }),
      el("p", { className: "base-name" }, swatch(recipes.group[i]), groups[recipes.group[i]].label),
      recipes.ingredients[i].length ? composition
        : el("p", { className: "status", textContent: "No ingredients are recorded." }));
    panel.replaceChildren(about, ...maps.map((map) => {
      const near = map.nearest(i, 5);
      const list = el("ol", {}, ...near.map((j) => el("li", {}, el("button",
        { type: "button", className: "link", onclick: () => { select(j, null); panel.focus(); } },
        swatch(recipes.group[j]), recipes.name[j]))));
      return el("div", { className: "near" },
        el("h4", { textContent: `Nearest on the ${map.title} map` }),
        near.length ? list : el("p", { className: "status", textContent: "None: it stands alone." }));
    }));
    // So that focus has somewhere to go when the list it was in is replaced.
    panel.tabIndex = -1;
  }

  // Search and legend -------------------------------------------------------------------------
  const search = document.getElementById("search");
  const status = document.getElementById("search-status");

  function refilter() {
    const { chosen, terms } = state;
    let inGroups = 0;
    for (let i = 0; i < total; i++) {
      shown[i] = chosen.size === 0 || chosen.has(recipes.group[i]) ? 1 : 0;
      inGroups += shown[i];
      lit[i] = shown[i] && terms.every((term) => haystack[i].includes(term)) ? 1 : 0;
    }
    order = byName.filter((i) => lit[i]);
    atlas.dataset.lit = order.length;
    status.textContent = terms.length === 0
      ? chosen.size ? `${count(inGroups, "recipe", "recipes")} shown` : ""
      : order.length === 0 ? "No recipe matches"
        : `${count(order.length, "recipe matches", "recipes match")}`;
    setHover(-1, null);
    for (const map of maps) map.draw();
    table.page = 0;
    table.fill();
  }

  search.addEventListener("input", () => {
    state.terms = fold(search.value).split(/[\s,;]+/).filter(Boolean);
    refilter();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  // Enter goes through the matches, one after the other.
  document.getElementById("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!order.length || !state.terms.length) return;
    const next = order[(order.indexOf(state.selected) + 1) % order.length];
    select(next, null);
  });

  const legend = document.getElementById("legend");
  const sizes = d3.rollup(recipes.group, (members) => members.length, (group) => group);
  groups.forEach((group, index) => {
    if (!sizes.has(index)) return;
    const chip = el("button", { type: "button", className: "chip", "aria-pressed": "false",
      onclick: () => {
        if (!state.chosen.delete(index)) state.chosen.add(index);
        chip.setAttribute("aria-pressed", String(state.chosen.has(index)));
        legend.classList.toggle("choosing", state.chosen.size > 0);
        clear.hidden = state.chosen.size === 0;
        refilter();
      } },
      swatch(index), el("span", { textContent: group.label }),
      el("span", { className: "count", textContent: number(sizes.get(index)) }));
    legend.append(chip);
  });
  const clear = el("button", { type: "button", className: "chip clear", textContent: "Show all",
    hidden: true, onclick: () => {
      state.chosen.clear();
      for (const chip of legend.querySelectorAll("[aria-pressed]")) {
        chip.setAttribute("aria-pressed", "false");
      }
      legend.classList.remove("choosing");
      legend.querySelector(".chip").focus();
      clear.hidden = true;
      refilter();
    } });
  legend.append(clear);

  // The recipes as a table ----------------------------------------------------------------------
  const table = {
    page: 0,
    rows: 25,
    details: document.getElementById("recipe-table"),
    fill() {
      if (!this.details.open) return;
      const pages = Math.max(1, Math.ceil(order.length / this.rows));
      this.page = Math.max(0, Math.min(pages - 1, this.page));
      const start = this.page * this.rows;
      this.details.querySelector("tbody").replaceChildren(
        ...order.slice(start, start + this.rows).map((i) => el("tr", {},
          el("th", { scope: "row" }, el("button", { type: "button", className: "link",
            textContent: recipes.name[i], onclick: () => {
              select(i, null);
              panel.scrollIntoView({ block: "nearest" });
              panel.focus({ preventScroll: true });
            } })),
          el("td", { className: "base-name" }, swatch(recipes.group[i]), groups[recipes.group[i]].label),
          el("td", { textContent: ingredientsOf(i).join(", ") }))));
      this.details.querySelector("[role=status]").textContent = order.length === 0
        ? "No recipe matches"
        : `${number(start + 1)}–${number(Math.min(start + this.rows, order.length))} of ${number(order.length)}`;
      const [previous, next] = this.details.querySelectorAll(".pager button");
      previous.disabled = this.page === 0;
      next.disabled = this.page === pages - 1;
    },
  };
  table.details.addEventListener("toggle", () => table.fill());
  for (const button of table.details.querySelectorAll(".pager button")) {
    button.addEventListener("click", () => {
      table.page += Number(button.dataset.step);
      table.fill();
    });
  }

  // One map at a time on narrow screens ---------------------------------------------------------
  for (const input of document.querySelectorAll("#map-switch input")) {
    input.addEventListener("change", () => { atlas.dataset.shown = input.value; });
    if (input.checked) atlas.dataset.shown = input.value;
  }

  Report.onTheme(() => { for (const map of maps) map.theme(); });
  Report.maps = maps; // for the browser's console and the tests
  refilter();
})();
