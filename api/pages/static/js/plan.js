// The plan that turns one recipe into another ('30 ml Campari -> Aperol'): parse and draw it.
import { count, el, number } from "../shared/elements.js";

const STEP = /^([\d.]+(?:e[+-]?\d+)?) ml (.+)$/;
const ARROW = " -> ";

/**
 * Read one step of a plan.
 *
 * @param {string} text such as '30 ml Campari -> Aperol'
 * @returns {{ml: number, from: string, to: string} | null} null if a name contains an
 *   arrow, which makes the step ambiguous
 */
export function readStep(text) {
  const [, amount, names] = STEP.exec(text) ?? [];
  const parts = names?.split(ARROW) ?? [];
  return parts.length === 2 ? { ml: Number(amount), from: parts[0], to: parts[1] } : null;
}

/** Milliliters: whole numbers from 10 up, one decimal below. */
export function milliliters(ml) {
  return `${number(Number(ml.toFixed(ml < 10 ? 1 : 0)))} ml`;
}

const SHOWN = 4;

/**
 * Draw a plan: what to replace, with what, and how much of the glass that is.
 *
 * @param {string[]} plan
 * @param {number} total volume of the recipe in ml
 */
export function drawPlan(plan, total) {
  if (!plan.length) {
    return el("p", { className: "plan-note", textContent: "Same ingredients in the same proportions: nothing to change." });
  }
  const steps = plan.map((text) => ({ text, ...readStep(text) }));
  const box = el("div", { className: "plan" }, list(steps.slice(0, SHOWN), total));
  const rest = steps.slice(SHOWN);
  if (rest.length) {
    box.append(el("details", { className: "plan-rest" },
      el("summary", { textContent: `${count(rest.length, "smaller change", "smaller changes")}` }),
      list(rest, total)));
  }
  const moved = steps.reduce((sum, step) => sum + (step.ml ?? 0), 0);
  if (total > 0) {
    const kept = Math.max(0, total - moved);
    box.append(el("p", { className: "plan-note",
      textContent: `${milliliters(kept)} of ${milliliters(total)} stay the same.` }));
  }
  return box;
}

function list(steps, total) {
  return el("ul", { className: "steps" }, ...steps.map((step) => {
    if (step.ml === undefined) return el("li", { textContent: step.text });
    const share = el("span", { className: "share", "aria-hidden": "true" }, el("span"));
    share.firstChild.style.width = `${Math.min(100, (100 * step.ml) / (total || step.ml))}%`;
    return el("li", { className: "step" },
      el("span", { className: "ml", textContent: milliliters(step.ml) }), share,
      el("span", { className: "exchange" },
        el("del", { textContent: step.from }),
        el("span", { className: "arrow", "aria-hidden": "true", textContent: "→" }),
        el("span", { className: "hidden-visually", textContent: " becomes " }),
        el("ins", { textContent: step.to })));
  }));
}
