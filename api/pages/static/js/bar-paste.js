// A pasted list of bottles.
import { count, fold } from "../shared/elements.js";
import { searchIngredients } from "./ingredient-search.js";

/**
 * Let the form add what its text names; names that are not found stay in it.
 *
 * @param {(ids: number[]) => Promise<void>} add
 */
export function wirePaste(add) {
  const form = document.getElementById("paste-form");
  const wide = matchMedia("(min-width: 900px)");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = document.getElementById("paste");
    const lines = splitLines(field.value);
    const found = await Promise.all(lines.map(findBottle));
    const unknown = lines.filter((_, index) => !found[index]);
    const ids = found.filter(Boolean).map((item) => item.id);
    await add(ids);
    field.value = unknown.join("\n");
    document.getElementById("paste-result").textContent =
      `${count(ids.length, "bottle", "bottles")} added.` +
      (unknown.length ? ` Not found: ${unknown.join(", ")}.` : "");
    // On a phone the answer takes the place of a shelf that is complete.
    if (!unknown.length && !wide.matches) document.getElementById("shelf-box").open = false;
  });
}

function splitLines(text) {
  const lines = text.split(/[\n,;]/).map((line) => line.trim());
  return [...new Set(lines.filter(Boolean))];
}

async function findBottle(line) {
  const items = await searchIngredients(line).catch(() => []);
  return items.find((item) => fold(item.name) === fold(line)) ?? items[0] ?? null;
}
