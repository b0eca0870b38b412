// The closest relatives of a recipe, each with the plan that turns one drink into the other.
import { el } from "../shared/elements.js";
import { drawPlan, gist } from "./plan.js";
import { freshness } from "./states.js";

/** Relatives whose plan is open at first. */
const OPEN = 3;

/** Draw a response of `recipe-similar`; returns the elements. */
export function drawRelatives({ data, metadata }, style) {
  const farthest = Math.max(...data.similar.map((other) => other.distance), 0) || 1;
  const list = el(
    "ol",
    { className: "similar" },
    ...data.similar.map((other, index) => {
      const bar = el("span", { className: "near-bar", "aria-hidden": "true" }, el("span"));
      bar.firstChild.style.width = `${(100 * other.distance) / farthest}%`;
      const summary = el(
        "summary",
        {},
        el("span", { className: "name", textContent: other.recipe_name }),
        el(
          "span",
          { className: "distance" },
          bar,
          el("span", {
            className: "figure",
            title: "Distance: 0 is the same drink; larger is less alike",
            textContent: other.distance.toFixed(2),
          }),
        ),
        el("span", { className: "gist", "aria-hidden": "true", textContent: gist(other) }),
      );
      return el(
        "li",
        {},
        el(
          "details",
          { open: index < OPEN },
          summary,
          drawPlan(other, style),
          el(
            "p",
            { className: "go" },
            el("a", {
              href: `/recipes/${other.recipe_id}`,
              textContent: `Go to ${other.recipe_name}`,
            }),
          ),
        ),
      );
    }),
  );
  return [
    data.similar.length
      ? list
      : el("p", { className: "empty", textContent: "There are no other recipes to compare with." }),
    freshness(metadata),
  ];
}
