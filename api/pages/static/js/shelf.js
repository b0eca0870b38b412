// The shelf: ingredient IDs, kept in this browser, and on the server for a signed-in reader.
import { hasToken, onSignIn, Problem, send } from "./api.js";

const KEY = "shelf";
/** The shelf that both sides had last: what differs from it has changed since. */
const SYNCED = "shelf-synced";
const ATTEMPTS = 3;

/** The bottles on the shelf; empty if there are none or storage is blocked. */
export const readShelf = () => read(KEY);

/** Keep the shelf; an empty one is forgotten. */
export const saveShelf = (ids) => save(KEY, ids);

/** Call back when another tab has changed the shelf, also while this page was in the back cache. */
export function onOtherTab(changed) {
  addEventListener("storage", (event) => event.key === KEY && changed());
  addEventListener("pageshow", (event) => event.persisted && changed());
}

function read(key) {
  try {
    const ids = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => Number.isSafeInteger(id) && id > 0) : [];
  } catch {
    return [];
  }
}

function save(key, ids) {
  try {
    if (ids.length) localStorage.setItem(key, JSON.stringify(ids));
    else localStorage.removeItem(key);
  } catch {
    // Storage may be blocked: the shelf then lasts as long as the page.
  }
}

let last = Promise.resolve();

/**
 * Merge this browser's shelf with the server's: one run after another. Without a token, or out of
 * reach, the shelf stays as it is; the next run catches up.
 *
 * @returns {Promise<number[]|null>} the bottles, if the server's differed from this browser's
 */
export function syncShelf() {
  last = last.then(merge).catch((error) => {
    if (error instanceof Problem) return null;
    throw error;
  });
  return last;
}

async function merge() {
  if (!hasToken()) return null;
  for (let attempt = 1; ; attempt += 1) {
    const found = await send("GET", "shelf", { authorize: true });
    const theirs = ids(found);
    const here = readShelf();
    const merged = mergeShelves(here, theirs, read(SYNCED));
    try {
      const kept = same(merged, theirs)
        ? theirs
        : ids(
            await send("PUT", "shelf", { body: { ingredient_ids: merged }, ifMatch: found.etag }),
          );
      // A bottle tapped meanwhile is merged by the run that it started.
      if (!same(here, readShelf())) return null;
      save(SYNCED, kept);
      saveShelf(kept);
      return same(kept, here) ? null : kept;
    } catch (error) {
      if (error.status !== 412 || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * A three-way merge: what either side added since `base` is there, what either removed is not.
 * The base is empty at first, so that the first sign-in unites both shelves.
 */
export function mergeShelves(here, there, base) {
  const sides = [new Set(here), new Set(there)];
  const known = new Set(base);
  return [...new Set([...here, ...there])].filter(
    (id) => sides.every((side) => side.has(id)) || !known.has(id),
  );
}

const ids = ({ body }) => body.bottles.map((bottle) => bottle.ingredient_id);

const same = (one, other) => one.length === other.length && one.every((id) => other.includes(id));

// After a sign-out another reader may come: what this one removed is no change of theirs.
let signedInBefore = false;
onSignIn((signedIn) => {
  if (signedInBefore && !signedIn) save(SYNCED, []);
  signedInBefore = signedIn;
});
