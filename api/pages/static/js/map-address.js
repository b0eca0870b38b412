// The map page's state in the URL, so that a link shows the same and the back button works.
import { setAddress } from "./shell.js";

const MODES = ["em", "manhattan", "both"];

/** The state that an address asks for; what is absent or unknown has its default. */
export function readAddress(model, narrow) {
  const asked = new URLSearchParams(location.search);
  const view = (asked.get("view") ?? "").split(",").map(Number);
  const mode = MODES.includes(asked.get("map")) ? asked.get("map") : "em";
  const filters = new Map();
  for (const { key, classes } of model.fields) {
    // Links of earlier versions call the filter on the base spirit `groups`.
    const wanted = asked.get(key) ?? (key === "base" ? asked.get("groups") : null);
    const keys = new Set((wanted ?? "").split(","));
    const chosen = classes.flatMap((one, index) => (keys.has(one.key) ? [index] : []));
    if (chosen.length) filters.set(key, new Set(chosen));
  }
  return {
    mode: narrow && mode === "both" ? "em" : mode,
    q: asked.get("q") ?? "",
    color: asked.get("color"),
    filters,
    bar: asked.get("bar") === "1",
    panel: asked.get("show") === "filters",
    recipe: Number(asked.get("recipe")) || null,
    view: view.length === 3 && view.every(Number.isFinite) && view[0] > 0 ? view : null,
  };
}

/** Write the filters and the color into the address, as a step for the back button. */
export function writeFilters(model) {
  const chosen = (field) =>
    [...(model.filters.get(field.key) ?? [])]
      .sort((a, b) => a - b)
      .map((index) => field.classes[index].key)
      .join(",");
  setAddress(
    {
      groups: null,
      color: model.field === model.fields[0] ? null : model.field.key,
      ...Object.fromEntries(model.fields.map((field) => [field.key, chosen(field)])),
    },
    { step: true },
  );
}

/** Write a map's view; many a second come from a gesture, so it is no step. */
export function writeView(map) {
  const view = map.view.map((value) => Number(value.toFixed(3)));
  setAddress({ view: map.moved ? view.join(",") : null });
}
