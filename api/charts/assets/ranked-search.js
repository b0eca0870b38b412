// The server's ranked search over the data of one page, for where no server answers.
//
// The ranks are those of api/db/catalog/matching.py: 0 the text itself, 2 every word, 3 words that
// begin so, 4 contained, 5 one typo forgiven, 6 recipes that hold an ingredient of that name. Other
// names of ingredients (rank 1) are known to the server alone.
import { fold } from "./elements.js";

const TYPO_LENGTH = 4;
const INGREDIENT_LENGTH = 3;
const HOLDS_RANK = 6;
const NO_RANK = 9;

const wordsOf = (text) => [
  ...new Set(
    fold(text)
      .replaceAll("&", " & ")
      .split(/[^\p{L}\p{N}&'’]+/u)
      .filter(Boolean),
  ),
];

/** Rank of a name for some words; 9 if it does not match. */
export function rankOf(name, words) {
  const text = fold(name);
  const own = wordsOf(name);
  if (own.join("") === words.join("")) return 0;
  if (words.every((word) => own.includes(word))) return 2;
  if (words.every((word) => own.some((one) => one.startsWith(word)))) return 3;
  return words.every((word) => text.includes(word)) ? 4 : NO_RANK;
}

/** Whether two words differ by at most one letter added, left out, changed, or swapped with the next. */
export function nearlySame(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  const [a, b] = [one.slice(start), other.slice(start)];
  return (
    a.slice(1) === b.slice(1) ||
    a.slice(1) === b ||
    a === b.slice(1) ||
    (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2))
  );
}

const forgiven = (name, words) =>
  words.every((word) =>
    wordsOf(name).some((one) =>
      word.length < TYPO_LENGTH ? one.includes(word) : nearlySame(word, one),
    ),
  );

/** Names that match a text, as a Map from their position to the rank. */
function rankNames(names, words, forgive) {
  const found = new Map();
  for (const [at, name] of names.entries()) {
    const rank = forgive ? (forgiven(name, words) ? 5 : NO_RANK) : rankOf(name, words);
    if (rank < NO_RANK) found.set(at, rank);
  }
  return found;
}

/** Rows of a tree at or below some of them; parents come first. */
function atOrBelow(tree, rows) {
  const inside = new Set(rows);
  for (const [at, [parent]] of tree.entries()) if (inside.has(parent)) inside.add(at);
  return inside;
}

/**
 * Find recipes by name and by ingredient.
 *
 * @param model an AtlasModel
 * @returns {number[] | null} rows of recipes, the best first; null if the text is empty
 */
export function findRecipes(model, text) {
  const words = wordsOf(text);
  if (!words.length) return null;
  const nodes = model.tree.map(([, , name]) => name);
  for (const forgive of [false, true]) {
    const ranks = rankNames(model.recipes.name, words, forgive);
    const held =
      words.join(" ").length < INGREDIENT_LENGTH ? new Map() : rankNames(nodes, words, forgive);
    held.delete(0); // the root
    const whole = [...held].filter(([, rank]) => rank <= 2 || rank === 5);
    const chosen = whole.length ? whole : [...held].filter(([, rank]) => rank === 3);
    const names = new Set(
      [
        ...atOrBelow(
          model.tree,
          chosen.map(([row]) => row),
        ),
      ].map((row) => nodes[row]),
    );
    const holding = new Set(model.names.flatMap((name, at) => (names.has(name) ? [at] : [])));
    for (const [row, ingredients] of model.recipes.ingredients.entries())
      if (!ranks.has(row) && ingredients.some((at) => holding.has(at))) ranks.set(row, HOLDS_RANK);
    if (ranks.size) {
      const place = new Map(model.byName.map((row, at) => [row, at]));
      return [...ranks.keys()].sort(
        (a, b) => ranks.get(a) - ranks.get(b) || place.get(a) - place.get(b),
      );
    }
  }
  return [];
}
