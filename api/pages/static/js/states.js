// Loading, error and stale states of a page.
import { el } from "../shared/elements.js";

/** The way to a refresh. */
export function refreshLink() {
  return el("a", { href: "/status", textContent: "Open the status page to start a refresh" });
}

/** Whether no refresh has computed anything; the API's words about it are for programs. */
export const isNotComputed = (error) => error.title === "No analytics yet";

/** An error message with what can be done about it: a refresh, or another try. */
export function problemBox(error, retry) {
  if (isNotComputed(error)) {
    return el(
      "div",
      { className: "empty" },
      el("p", { textContent: "Nothing has been computed yet." }),
      el("p", {}, refreshLink()),
    );
  }
  const box = el(
    "div",
    { className: "problem", role: "alert" },
    el("strong", { textContent: error.title || "Something went wrong" }),
    el("p", { textContent: error.message }),
  );
  if (retry && error.status !== 404) {
    box.append(
      el("button", {
        type: "button",
        className: "more",
        textContent: "Try again",
        onclick: () => retry(),
      }),
    );
  }
  return box;
}

/** Show what the page before left to say, such as that a recipe was deleted, and `more` after it. */
export function showNotice(...more) {
  const text = sessionStorage.getItem("notice");
  sessionStorage.removeItem("notice");
  if (!text) return;
  document
    .getElementById("notice")
    .replaceChildren(el("p", { className: "done", role: "status" }, text, ...more));
}

/** Placeholder rows, so that the layout does not jump when data arrives. */
export function skeletonRows(rows) {
  return Array.from({ length: rows }, () =>
    el("li", { className: "skeleton", "aria-hidden": "true" }, el("span"), el("span")),
  );
}

/** A note that the figures are older than the recipes. */
export function staleNote() {
  return el(
    "p",
    { className: "stale" },
    el("span", { className: "badge warn", textContent: "Stale" }),
    "Recipes have changed since this was computed. The next refresh updates it. ",
    el("a", { href: "/status", textContent: "See progress" }),
  );
}

/** When the figures were computed. */
export function stamp(metadata) {
  const moment = new Date(metadata.generated_at);
  const text = new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeStyle: "short" }).format(
    moment,
  );
  return el(
    "p",
    { className: "stamp" },
    "Computed ",
    el("time", { dateTime: metadata.generated_at, textContent: text }),
  );
}

/** The timestamp, with a note if the figures are stale. */
export function freshness(metadata) {
  const box = el("div", { className: "freshness" }, stamp(metadata));
  if (metadata.stale) box.prepend(staleNote());
  return box;
}
