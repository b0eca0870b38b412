// The elements of a map's stage: its layers, its buttons and its hover card.
import { el } from "./elements.js";
import { Lasso } from "./map-gestures.js";
import { createSwatch } from "./marks.js";

const button = (label, text, act) =>
  el("button", {
    type: "button",
    textContent: text,
    title: label,
    "aria-label": label,
    onclick: act,
  });

/** Add a map's elements to its stage, and keep them as its properties. */
export function buildStage(map) {
  const canvas = (className) => el("canvas", { className });
  map.ground = canvas("ground");
  map.pulse = canvas("pulse");
  map.rings = canvas("rings");
  map.words = canvas("words");
  map.over = el("canvas", { className: "over", tabIndex: 0, role: "application" });
  map.painter.canvas.classList.add("marks");
  map.card = el("div", { className: "hover-card", hidden: true });
  map.nothing = el("p", {
    className: "empty",
    textContent: "This map has no recipes in this snapshot.",
    hidden: true,
  });
  const apple = /Mac|iP/.test(navigator.platform);
  const tip = el("p", {
    className: "wheel-tip",
    textContent: `${apple ? "⌘" : "Ctrl"} and scroll to zoom`,
  });
  map.controls = el(
    "div",
    { className: "zoom", role: "group", "aria-label": "View of the map" },
    button("Zoom in", "+", () => map.zoomBy(1.8)),
    button("Zoom out", "−", () => map.zoomBy(1 / 1.8)),
    button("Show all", "⤢", () => map.reset()),
  );
  map.stage.append(...map.layers, map.over, map.card, tip, map.nothing, map.controls);
  if (!map.on.lasso) return;
  const lasso = button("Lasso: draw around recipes to list them", "");
  lasso.className = "lasso-button";
  map.controls.prepend(lasso);
  map.lasso = new Lasso(map, lasso);
}

/** Fill a map's hover card with a recipe and place it beside the mark. */
export function fillCard(map, i) {
  const { card, model } = map;
  const look = model.classOf(i);
  card.replaceChildren(
    el("strong", { textContent: model.recipes.name[i] }),
    el("span", { className: "base-name" }, createSwatch(look), look.label),
    el("span", { className: "contents-line", textContent: model.ingredientsOf(i).join(", ") }),
  );
  const [x, y] = map.position(i);
  const { offsetWidth: wide, offsetHeight: high } = card;
  const above = y - high - 18;
  card.style.left = `${Math.max(6, Math.min(map.width - wide - 6, x - wide / 2))}px`;
  card.style.top = `${above > 6 ? above : Math.min(y + 18, map.height - high - 6)}px`;
}
