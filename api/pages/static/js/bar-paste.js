// A pasted list of bottles.
import { count, fold } from "../shared/elements.js";
import { searchIngredients } from "./ingredient-search.js";

/**
 * Let the form add what its text names; names that are not found stay in it.
 *
 * @param {(bottles: [number, string][]) => Promise<number>} add returns how many were not on the shelf
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
    const guessed = lines.flatMap((line, index) =>
      !found[index] || isCalled(found[index], bareName(line))
        ? []
        : `${line} → ${found[index].name}`,
    );
    const added = await add(found.filter(Boolean).map(({ id, name }) => [id, name]));
    field.value = unknown.join("\n");
    document.getElementById("paste-result").textContent = [
      `${count(added, "bottle", "bottles")} added.`,
      ...(guessed.length ? [`Taken as: ${guessed.join("; ")}.`] : []),
      ...(unknown.length ? [`Not found: ${unknown.join(", ")}.`] : []),
    ].join(" ");
    // On a phone the answer takes the place of a shelf that is complete.
    if (!unknown.length && !guessed.length && !wide.matches)
      document.getElementById("shelf-box").open = false;
  });
}

function splitLines(text) {
  const lines = text.split(/[\n,;]/).map((line) => line.trim());
  return [...new Set(lines.filter((line) => bareName(line)))];
}

const NUMBER = "(?:\\d+(?:[./]\\d+)?(?:\\s+\\d/\\d)?\\s*[½¼¾⅓⅔]?|[½¼¾⅓⅔]|half|a|one|two|three)";
const UNIT = "(?:x|×|ml|cl|l|lit(?:er|re)s?|oz|ounces?|btls?\\.?|bottles?|cans?)";
/** What people write around a bottle's name: "- ", "1. ", "2 x", "half a bottle of", "(750 ml)". */
const AROUND = [
  /^(?:[-*•–]|\d+[.)](?=\s))\s*/,
  /\s*\([^)]*\)$/,
  new RegExp(`^${NUMBER}\\s*(?:an?\\s+)?${UNIT}(?:\\s+of)?(?:\\s+|$)`, "iu"),
  new RegExp(`(?:^|[\\s:–-]+)(?:${UNIT}\\s*)?${NUMBER}\\s*${UNIT}$`, "iu"),
  /^\d+\s+(?!\d)/,
];

/** A line without its list mark, amount and remarks in parentheses; empty if nothing is left. */
export function bareName(line) {
  return AROUND.reduce((text, part) => text.replace(part, ""), line).trim();
}

const isCalled = (item, name) => fold(item.name) === fold(name);

async function findBottle(line) {
  for (const name of new Set([line, bareName(line)])) {
    const items = await searchIngredients(name).catch(() => []);
    const words = (text) => fold(text).split(/\s+/).length;
    const found =
      items.find((item) => isCalled(item, name)) ??
      items.find((item) => words(item.name) === words(name)) ??
      items[0];
    if (found) return found;
  }
  return null;
}
