// The shelf: ingredient IDs, kept in this browser.
const KEY = "shelf";

/** The bottles on the shelf; empty if there are none or storage is blocked. */
export function readShelf() {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => Number.isSafeInteger(id) && id > 0) : [];
  } catch {
    return [];
  }
}

/** Keep the shelf; an empty one is forgotten. */
export function saveShelf(ids) {
  try {
    if (ids.length) localStorage.setItem(KEY, JSON.stringify(ids));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage may be blocked: the shelf then lasts as long as the page.
  }
}
