// How a person moves a map and picks recipes on it: mouse, touch, keyboard, lasso.

const TOUCH_REACH = 24;
const MOUSE_REACH = 14;
const ZOOM_STEP = 1.8;
export const MIN_ZOOM = 0.4;

/** The zoom behavior of a map: drag, pinch, and the wheel with a modifier key. */
export function createZoom(map) {
  const { stage } = map;
  let tip = 0;
  const wheel = (event) => {
    // A plain wheel scrolls the page; zooming needs a modifier key.
    if (event.ctrlKey || event.metaKey) return true;
    stage.classList.add("wants-key");
    clearTimeout(tip);
    tip = setTimeout(() => stage.classList.remove("wants-key"), 900);
    return false;
  };
  const zoom = d3
    .zoom()
    .scaleExtent([MIN_ZOOM, 48])
    .filter((event) => {
      if (event.type === "wheel") return wheel(event);
      if (map.lasso?.active || (map.lasso && event.shiftKey)) return false;
      return event.touches ? event.touches.length > 1 : !event.button;
    })
    .clickDistance(5)
    .on("start", (event) => {
      if (event.sourceEvent) map.goal = null;
    })
    .on("zoom", (event) => map.moveTo(event.transform))
    .on("end", () => map.on.moved?.(map));
  d3.select(map.over).call(zoom).on("dblclick.zoom", null);
  return zoom;
}

export function listen(map) {
  const { over, on } = map;
  const at = (event) =>
    map.find(d3.pointer(event, over), event.pointerType === "touch" ? TOUCH_REACH : MOUSE_REACH);
  over.addEventListener("pointermove", (event) => {
    if (map.lasso?.loop) map.lasso.extend(event);
    else if (event.pointerType !== "touch" && event.buttons === 0) on.hover(at(event), map);
  });
  over.addEventListener("pointerleave", () => on.hover(-1, map));
  over.addEventListener("click", (event) => {
    if (!map.lasso?.justClosed) on.select(at(event), map);
  });
  over.addEventListener("dblclick", (event) => {
    const i = at(event);
    if (i >= 0) on.open?.(i);
  });
  over.addEventListener("keydown", (event) => press(map, event));
}

function press(map, event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in steps) walk(map, steps[event.key]);
  else if (event.key === "+" || event.key === "=") map.zoomBy(ZOOM_STEP);
  else if (event.key === "-") map.zoomBy(1 / ZOOM_STEP);
  else if (event.key === "0") map.reset();
  else if (event.key === "Escape") {
    if (map.lasso?.active) map.lasso.set(false);
    else map.on.select(-1, map);
  } else if (event.key === "Enter" && map.on.open && map.model.selected >= 0)
    map.on.open(map.model.selected);
  else return;
  event.preventDefault();
}

function walk(map, direction) {
  const found = map.ahead(...direction);
  if (found < 0) return;
  map.on.select(found, map, { walking: true });
  map.reveal(found);
}

/** A loop drawn around recipes; `map.on.lasso` gets the recipes inside. */
export class Lasso {
  constructor(map, button) {
    Object.assign(this, { map, button, active: false, loop: null, justClosed: false });
    const { over } = map;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => this.set(!this.active));
    over.addEventListener("pointerdown", (event) => {
      if (event.button || !(this.active || event.shiftKey)) return;
      over.setPointerCapture(event.pointerId);
      this.loop = [d3.pointer(event, over)];
    });
    for (const type of ["pointerup", "pointercancel"])
      over.addEventListener(type, () => this.close(type === "pointerup"));
  }

  set(active) {
    this.active = active;
    this.button.setAttribute("aria-pressed", String(active));
    this.map.stage.classList.toggle("lassoing", active);
  }

  extend(event) {
    this.loop.push(d3.pointer(event, this.map.over));
    this.map.paintLoop();
  }

  close(finished) {
    const { loop, map } = this;
    if (!loop) return;
    this.loop = null;
    map.paintLoop();
    // A click with the lasso active is still a click.
    if (!finished || loop.length < 3 || Math.abs(d3.polygonArea(loop)) < 40) return;
    this.justClosed = true;
    setTimeout(() => {
      this.justClosed = false;
    }, 50);
    this.set(false);
    map.on.lasso(
      map.members.filter((i) => map.model.shown[i] && d3.polygonContains(loop, map.position(i))),
    );
  }
}
