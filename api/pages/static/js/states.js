// What a page shows while it waits, and when it can't have what it asked for.
import { el } from "../shared/elements.js";

/** A problem in the server's words, with a way to go on. */
export function problemBox(error, retry) {
  const box = el("div", { className: "problem", role: "alert" },
    el("strong", { textContent: error.title || "That did not work" }),
    el("p", { textContent: error.message }));
  if (retry && error.status !== 404) {
    box.append(el("button", { type: "button", className: "more", textContent: "Try again", onclick: () => retry() }));
  }
  return box;
}

/** Grey lines where rows will stand, so that nothing jumps when they come. */
export function skeletonRows(rows) {
  return Array.from({ length: rows }, () =>
    el("li", { className: "skeleton", "aria-hidden": "true" }, el("span"), el("span")));
}

/** A line that says the figures are older than the recipes. */
export function staleNote() {
  return el("p", { className: "stale" }, el("span", { className: "badge warn", textContent: "Stale" }),
    "Recipes have changed since this was computed; it follows with the next refresh. ",
    el("a", { href: "/status", textContent: "See how far that is" }));
}

/** When an answer's figures were computed. */
export function stamp(metadata) {
  const moment = new Date(metadata.generated_at);
  const text = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" }).format(moment);
  return el("p", { className: "stamp" }, "Computed ", el("time", { dateTime: metadata.generated_at, textContent: text }));
}

/** An element holding the stamp, and the note where the answer is stale. */
export function freshness(metadata) {
  const box = el("div", { className: "freshness" }, stamp(metadata));
  if (metadata.stale) box.prepend(staleNote());
  return box;
}
