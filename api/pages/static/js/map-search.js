// The map's search: the server's ranked search, or the same ranks over the page's own data.
import { findRecipes } from "../shared/ranked-search.js";
import { getJson } from "./api.js";

const TYPING_MS = 120;

/**
 * @param found called with the rows that match, the best first, or null for an empty text
 * @returns {{search: (text: string, options?: {soon?: boolean}) => Promise<void>}} `soon` waits
 *   until the reader stops typing
 */
export function createSearch(model, found) {
  let running = null;
  return {
    async search(text, { soon = false } = {}) {
      running?.abort();
      running = new AbortController();
      const { signal } = running;
      if (!text.trim()) {
        found(null);
        return;
      }
      if (soon) await new Promise((done) => setTimeout(done, TYPING_MS));
      if (signal.aborted) return;
      const rows = await rowsOf(model, text, signal);
      if (!signal.aborted) found(rows);
    },
  };
}

async function rowsOf(model, text, signal) {
  try {
    const { ids } = await getJson("recipes/ids", { params: { q: text }, signal });
    return ids.map((id) => model.find(id)).filter((row) => row >= 0);
  } catch (error) {
    if (error.name === "AbortError") return null;
    return findRecipes(model, text) ?? [];
  }
}
