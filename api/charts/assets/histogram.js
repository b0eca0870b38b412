// How many recipes each class of a field has, and a brush over the classes that filters.
//
// Drag across the columns with a mouse or a finger; with the keyboard, arrows move, Shift and arrows
// extend, and Enter or the space bar toggles one column.
import { el, number } from "./elements.js";
import { createSwatch } from "./marks.js";

/**
 * One histogram for each of some fields; the filters of all combine.
 *
 * @param changed called after the reader changed a filter
 * @returns {{show: () => void}} redraws after the model changed elsewhere
 */
export function createHistograms(container, model, changed) {
  let drawn = null;
  let parts = [];
  function show() {
    if (drawn !== model.fields) {
      drawn = model.fields;
      parts = drawn.map((field) => histogram(model, field, changed));
      container.replaceChildren(...parts.map(({ node }) => node));
    }
    for (const part of parts) part.show();
  }
  show();
  return { show };
}

function histogram(model, field, changed) {
  const sizes = new Uint32Array(field.classes.length);
  for (const index of field.of) sizes[index] += 1;
  const highest = Math.max(1, ...sizes);
  const share = (value) => `${(100 * value) / highest}%`;
  // An unordered field has rows, the largest first; an ordered one has columns in order.
  const rows = d3.range(field.classes.length).filter((index) => field.ordered || sizes[index]);
  if (!field.ordered) rows.sort((a, b) => sizes[b] - sizes[a]);
  const bars = rows.map((index) => {
    const look = field.classes[index];
    const all = el("span", { className: "all" });
    const kept = el("span", { className: "kept" });
    all.style.setProperty("--share", share(sizes[index]));
    kept.style.setProperty("--share", share(0));
    kept.style.setProperty("--tone", `var(${look.color})`);
    const button = el(
      "button",
      { type: "button", className: "bin" },
      ...(field.ordered
        ? []
        : [createSwatch(look), el("span", { className: "name", textContent: look.label })]),
      el("span", { className: "column" }, all, kept),
      el("span", { className: field.ordered ? "tick" : "count", textContent: look.tick }),
    );
    return { index, button, kept, look };
  });
  const clear = el("button", {
    type: "button",
    className: "link",
    textContent: "Clear",
    "aria-label": `Clear the filter on ${field.label}`,
    onclick: () => {
      bars[0].button.focus();
      keep([]);
    },
  });
  const keep = (classes) => {
    model.setFilter(field.key, classes);
    changed();
  };
  const group = el(
    "div",
    { className: field.ordered ? "bins" : "bins named", role: "group", "aria-label": field.label },
    ...bars.map(({ button }) => button),
  );
  brush(group, bars, {
    chosen: () => model.filters.get(field.key) ?? new Set(),
    keep,
    toggle: (index) => {
      model.toggleFilter(field.key, index);
      changed();
    },
  });

  function show() {
    const chosen = model.filters.get(field.key);
    for (const { index, button, kept, look } of bars) {
      const now = field.counts[index];
      kept.style.setProperty("--share", share(now));
      button.setAttribute("aria-pressed", String(chosen?.has(index) ?? false));
      button.setAttribute("aria-label", `${look.label}: ${number(now)} of ${number(sizes[index])}`);
      button.title = button.getAttribute("aria-label");
      if (!field.ordered) button.lastChild.textContent = number(now);
    }
    group.classList.toggle("choosing", Boolean(chosen));
    clear.hidden = !chosen;
  }
  const head = el(
    "div",
    { className: "histogram-head" },
    el("h3", { textContent: field.label }),
    clear,
  );
  return { node: el("section", { className: "histogram" }, head, group), show };
}

/** Choose bars by dragging, by touch and by keyboard. */
function brush(group, bars, { chosen, keep, toggle }) {
  const at = (node) => bars.findIndex(({ button }) => button.contains(node));
  let from = -1;
  let to = -1;
  let anchor = -1;
  const range = (a, b) => bars.slice(Math.min(a, b), Math.max(a, b) + 1).map(({ index }) => index);
  const mark = () => {
    for (const [place, { button }] of bars.entries())
      button.classList.toggle("brushed", from >= 0 && (place - from) * (place - to) <= 0);
  };
  group.addEventListener("pointerdown", (event) => {
    if (event.button || at(event.target) < 0) return;
    from = to = at(event.target);
    // Touch captures the first target: without it, moves go to what is below the finger.
    event.target.releasePointerCapture?.(event.pointerId);
  });
  group.addEventListener("pointermove", (event) => {
    if (from < 0) return;
    const place = at(document.elementFromPoint(event.clientX, event.clientY));
    if (place < 0 || place === to) return;
    to = place;
    mark();
  });
  const end = () => {
    from = to = -1;
    mark();
  };
  addEventListener("pointerup", () => {
    if (from < 0) return;
    const dragged = from !== to;
    const classes = range(from, to);
    const place = to;
    end();
    if (dragged) {
      keep(classes);
      suppressed = true;
      setTimeout(() => {
        suppressed = false;
      });
      bars[place].button.focus();
    }
  });
  addEventListener("pointercancel", end);
  // A click, which a keyboard or a screen reader sends too, toggles one bar.
  let suppressed = false;
  group.addEventListener("click", (event) => {
    const place = at(event.target);
    if (place < 0 || suppressed) return;
    anchor = place;
    toggle(bars[place].index);
  });
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const place = at(document.activeElement);
    if (event.key === "Escape" && chosen().size) keep([]);
    else if (step === undefined || place < 0) return;
    else {
      const next = Math.max(0, Math.min(bars.length - 1, place + step));
      bars[next].button.focus();
      if (event.shiftKey) {
        if (anchor < 0) anchor = place;
        keep(range(anchor, next));
      } else anchor = next;
    }
    event.preventDefault();
    event.stopPropagation();
  });
}
