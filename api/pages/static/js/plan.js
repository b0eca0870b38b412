// The plan that turns one recipe into another: what to swap, add and leave out, and what stays.
import { count, el } from "../shared/elements.js";
import { restyle } from "./amounts.js";

const SHOWN = 4;
const CONVENTIONAL = new Set(["to top", "rinse"]);
const VERBS = { "to top": "top with", rinse: "rinse with" };

/** A plan in a few words: its first step. */
export function gist({ steps }) {
  if (!steps.length) return "";
  const [{ kind, from, to, measure }] = steps;
  return kind === "swap"
    ? `${from} → ${to}`
    : kind === "add"
      ? `${VERBS[measure] ?? "add"} ${to}`
      : `leave out ${from}`;
}

/**
 * Draw a plan.
 *
 * @param {{distance: number, steps: object[], keep: object[]}} other a record of `recipe-similar`
 * @param {string} style of the amounts
 */
export function drawPlan({ distance, steps, keep }, style) {
  if (!steps.length) {
    return el("p", {
      className: "plan-note",
      textContent:
        distance > 0.001
          ? "Same ingredients in other proportions."
          : "Same ingredients in the same proportions.",
    });
  }
  const box = el("div", { className: "plan" }, list(steps.slice(0, SHOWN), style));
  const rest = steps.slice(SHOWN);
  if (rest.length) {
    box.append(
      el(
        "details",
        { className: "plan-rest" },
        el("summary", { textContent: count(rest.length, "more change", "more changes") }),
        list(rest, style),
      ),
    );
  }
  box.append(
    el("p", {
      className: "plan-note",
      textContent: keep.length
        ? `Keep ${keep.map(({ measure, name }) => (CONVENTIONAL.has(measure) ? name : `${restyle(measure, style)} ${name}`)).join(", ")}.`
        : "Nothing stays.",
    }),
  );
  return box;
}

function list(steps, style) {
  return el(
    "ul",
    { className: "steps" },
    ...steps.map(({ kind, measure, from, to }) => {
      const verb = kind === "add" ? (VERBS[measure] ?? "add") : kind;
      return el(
        "li",
        { className: "step" },
        el("span", {
          className: "measure",
          textContent: CONVENTIONAL.has(measure) ? "" : restyle(measure, style),
        }),
        el(
          "span",
          { className: "exchange" },
          kind === "swap" ? "" : el("span", { className: "verb", textContent: `${verb} ` }),
          from === null ? "" : el("del", { textContent: from }),
          kind === "swap"
            ? el("span", { className: "arrow", "aria-hidden": "true", textContent: "→" })
            : "",
          kind === "swap"
            ? el("span", { className: "hidden-visually", textContent: " becomes " })
            : "",
          to === null ? "" : el("ins", { textContent: to }),
        ),
      );
    }),
  );
}
