// My bar on the map: what the shelf makes, and what one more bottle would make.
import { REACH } from "../shared/atlas-model.js";
import { el, number } from "../shared/elements.js";
import { getJson } from "./api.js";
import { readShelf } from "./shelf.js";

/** What the shelf makes of each recipe, for `model.reach`; null if the shelf is empty. */
export async function fetchReach(model) {
  const have = readShelf();
  if (!have.length) return null;
  const reach = new Uint8Array(model.total);
  const asked = [
    [1, REACH.away],
    [0, REACH.makeable],
  ].map(async ([missing, level]) => {
    const { ids } = await getJson("recipes/ids", { params: { have, missing } });
    return [ids, level];
  });
  for (const [ids, level] of await Promise.all(asked))
    for (const row of ids.map((id) => model.find(id))) if (row >= 0) reach[row] = level;
  return reach;
}

/** What the glow and the rings mean, with their numbers. */
export function reachLegend(reach) {
  const shelf = (text) => el("a", { href: "/bar", textContent: text });
  if (!reach) return [el("span", {}, "Your shelf is empty. ", shelf("Add bottles"))];
  const total = (level) => reach.reduce((sum, one) => sum + (one === level), 0);
  const [makeable, away] = [total(REACH.makeable), total(REACH.away)];
  return [
    el("span", { className: "reach makeable" }, number(makeable), " to make now"),
    el("span", { className: "reach away" }, number(away), " one bottle away"),
    shelf("Change the shelf"),
  ];
}
