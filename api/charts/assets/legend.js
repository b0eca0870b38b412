// The legend of a map, whose chips filter, and the chips of every filter in force.
import { el, number } from "./elements.js";
import { createSwatch } from "./marks.js";

/**
 * Fill the legend of the field that colors the map.
 *
 * @param changed called after the reader changed a filter
 * @returns {{show: () => void}} redraws after the model changed elsewhere
 */
export function createLegend(container, model, changed) {
  let drawn = null;
  let chips = new Map();
  const clear = el("button", {
    type: "button",
    className: "chip clear",
    textContent: "Show all",
    onclick: () => {
      model.setFilter(model.field.key, []);
      container.querySelector(".chip").focus();
      changed();
    },
  });

  function build() {
    drawn = model.field;
    const { key, classes, of } = drawn;
    const sizes = new Uint32Array(classes.length);
    for (const index of of) sizes[index] += 1;
    chips = new Map();
    for (const [index, look] of classes.entries()) {
      if (!sizes[index]) continue;
      const toggle = () => {
        model.toggleFilter(key, index);
        changed();
      };
      const chip = el(
        "button",
        { type: "button", className: "chip", onclick: toggle },
        createSwatch(look),
        el("span", { className: "label", textContent: look.label }),
        el("span", { className: "count", textContent: number(sizes[index]) }),
      );
      chips.set(index, chip);
    }
    container.replaceChildren(...chips.values(), clear);
  }

  function show() {
    if (drawn !== model.field) build();
    const chosen = model.filters.get(model.field.key) ?? new Set();
    for (const [index, chip] of chips) chip.setAttribute("aria-pressed", String(chosen.has(index)));
    container.classList.toggle("choosing", chosen.size > 0);
    clear.hidden = chosen.size === 0;
  }
  show();
  return { show };
}

/** A few words on what a filter keeps. */
export function filterText(field, chosen) {
  const labels = [...chosen].sort((a, b) => a - b).map((index) => field.classes[index].label);
  const run = Math.max(...chosen) - Math.min(...chosen) + 1 === labels.length;
  if (labels.length > 2 && field.ordered && run) return `${labels[0]} to ${labels.at(-1)}`;
  return labels.length > 2 ? `${labels[0]} and ${labels.length - 1} more` : labels.join(", ");
}

/** A chip for each filter in force, which removes it. */
export function filterChips(model, changed) {
  return [...model.filters].map(([key, chosen]) => {
    const field = model.fieldOf(key);
    const text = `${field.label}: ${filterText(field, chosen)}`;
    return el(
      "button",
      {
        type: "button",
        className: "chip",
        "aria-label": `Remove the filter ${text}`,
        onclick: () => {
          model.setFilter(key, []);
          changed();
        },
      },
      el("span", { textContent: text }),
      el("span", { className: "cross", textContent: "×", "aria-hidden": "true" }),
    );
  });
}
