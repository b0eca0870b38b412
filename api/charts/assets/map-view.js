// What part of a map is on its stage, and where on it each recipe is. No drawing, no events.

/** Half the area's side in pixels that one mark may take on a map at its smallest zoom. */
const CROWDING = 3.2;

export class MapView {
  constructor(model) {
    this.model = model;
    this.transform = d3.zoomIdentity;
    this.covered = { right: 0, bottom: 0 }; // what a panel over the stage hides
    this.width = 0;
    this.height = 0;
  }

  get ready() {
    return this.members.length > 0 && this.width > 0;
  }
  get k() {
    return this.transform.k;
  }
  /** Marks grow with the zoom, but slower than the distances between them. */
  get markRadius() {
    return Math.round(Math.min(9, this.radius * this.k ** 0.45) * 4) / 4;
  }

  /** Take a map's positions. */
  setLayout(key) {
    const { x, y, regions } = this.model.maps.get(key);
    Object.assign(this, { key, x, y, regions, tree: null });
    this.members = d3.range(this.model.total).filter((i) => x[i] !== null);
    // Half the layout's width and height; it is centered on 0,0.
    this.reach = [x, y].map((axis) => d3.max(this.members, (i) => Math.abs(axis[i])) || 1);
  }

  /**
   * As large as the stage allows, the same scale for both axes, and clear of the controls.
   *
   * @param controls an element in a corner of the stage
   */
  fit(controls) {
    const { width, height } = this;
    const margin = Math.max(18, Math.min(width, height) * 0.05);
    const inset = { left: margin, right: margin, top: margin, bottom: margin };
    const { offsetLeft: x, offsetTop: y, offsetWidth: wide, offsetHeight: high } = controls;
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
      Math.min(5.5, this.half / CROWDING / Math.sqrt(this.members.length || 1)),
    );
  }

  // Position in the stage before zooming; y points up.
  px(i) {
    return this.centerX + this.x[i] * this.half;
  }
  py(i) {
    return this.centerY - this.y[i] * this.half;
  }
  // Where a recipe is on the stage, in pixels.
  left(i) {
    return this.px(i) * this.transform.k + this.transform.x;
  }
  top(i) {
    return this.py(i) * this.transform.k + this.transform.y;
  }
  position(i) {
    return [this.left(i), this.top(i)];
  }
  inside([x, y], edge = 0) {
    return x >= -edge && y >= -edge && x <= this.width + edge && y <= this.height + edge;
  }
  /** Whether a recipe is on the stage, or at most `edge` pixels beside it. */
  holds(i, edge = 0) {
    return this.inside([this.left(i), this.top(i)], edge);
  }

  /** The visible part, whatever the stage's size: [scale, center x, center y] of the layout. */
  get view() {
    const [bx, by] = this.transform.invert([this.centerX, this.centerY]);
    return [this.k, (bx - this.centerX) / this.half, (this.centerY - by) / this.half];
  }

  /** The matching recipes in view, by name. */
  inView() {
    if (!this.ready) return [];
    return this.model.order.filter((i) => this.x[i] !== null && this.holds(i));
  }

  /** The matching recipe nearest to a point of the stage, within `reach` pixels; -1 for none. */
  find(point, reach) {
    const [bx, by] = this.transform.invert(point);
    const x = (bx - this.centerX) / this.half;
    const y = (this.centerY - by) / this.half;
    const far = reach / this.k / this.half;
    let best = -1;
    let bestDistance = far * far;
    this.tree ??= d3.quadtree(
      this.members,
      (i) => this.x[i],
      (i) => this.y[i],
    );
    this.tree.visit((quad, x0, y0, x1, y1) => {
      for (let leaf = quad.length ? null : quad; leaf; leaf = leaf.next) {
        const i = leaf.data;
        if (!this.model.lit[i]) continue;
        const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
        if (distance < bestDistance) {
          bestDistance = distance;
          best = i;
        }
      }
      return x0 > x + far || x1 < x - far || y0 > y + far || y1 < y - far;
    });
    return best;
  }

  /** The nearest matching recipe in a direction; straight ahead counts as nearest; -1 for none. */
  ahead(dx, dy) {
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
    return best;
  }

  /** Contour lines of the recipes' density, as SVG paths in the stage before zooming. */
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
    return [0.04, 0.1, 0.2, 0.32, 0.46, 0.62, 0.8].map((share) =>
      path(contour(share * contour.max)),
    );
  }
}
