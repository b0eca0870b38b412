// Keeps what was last read, so that it can be read offline. Sent as /service-worker.js, with the
// version and the paths of the static files in place of the two names below.
//
// Two caches. "static-VERSION" has the site's files and shells. "snapshot-ID" has answers of the
// API and pages with data; a new snapshot begins a new one, so that no answer of another snapshot
// stays. Online, everything but the hashed static files is asked of the server first.
const VERSION = "__VERSION__";
const FILES = __FILES__;

const STATIC = `static-${VERSION}`;
const SHELLS = ["/map", "/bar", "/recipes", "/ingredients", "/tree", "/substitutes", "/status"];
const API = "/api/v1/";
/** The snapshot as its pages read it: the map has the ingredients of every recipe. */
const SNAPSHOT = [
  "analytics/atlas",
  "recipes/facts",
  "analytics/ingredient-tree",
  "analytics/ingredient-usage",
  "analytics/status",
  "units?limit=100",
];
/** Never kept: what belongs to one user. */
const PRIVATE = /^(shelf|sign-in|ratings)/;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    drop((name) => name.startsWith("static-") && name !== STATIC).then(() => self.clients.claim()),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "keep-snapshot") event.waitUntil(keepSnapshot().catch(() => {}));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.headers.has("Authorization")) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(cachedFirst(request));
  } else if (request.mode === "navigate" || isKept(url)) {
    event.respondWith(serverFirst(request, url));
  }
});

async function install() {
  const files = await caches.open(STATIC);
  await files.addAll([...FILES, ...SHELLS]);
  await self.skipWaiting();
}

/** Begin the cache of the current snapshot, unless it is there. */
async function keepSnapshot() {
  const { snapshot } = await (await fetch(`${API}analytics/status`)).json();
  const name = `snapshot-${snapshot?.snapshot_id ?? "none"}`;
  if (await caches.has(name)) return;
  const kept = await caches.open(name);
  await Promise.all(SNAPSHOT.map((path) => kept.add(API + path).catch(() => {})));
  await drop((other) => other.startsWith("snapshot-") && other !== name);
}

async function cachedFirst(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function serverFirst(request, url) {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await keep(request, answer.clone());
    return answer;
  } catch (error) {
    // Of the snapshot first: a page with data was rendered anew since the shells were kept.
    const kept =
      (await (await snapshotCache())?.match(request)) ??
      (request.mode === "navigate" ? await shell(url.pathname) : undefined);
    if (kept) return kept;
    throw error;
  }
}

/** The shell of a page: the same for every address of it; the map for pages that were never read. */
async function shell(path) {
  const files = await caches.open(STATIC);
  return files.match(SHELLS.includes(path) ? path : "/map");
}

async function keep(request, answer) {
  await (await snapshotCache())?.put(request, answer);
}

async function snapshotCache() {
  const name = (await caches.keys()).find((one) => one.startsWith("snapshot-"));
  return name && caches.open(name);
}

function isKept(url) {
  return url.pathname.startsWith(API) && !PRIVATE.test(url.pathname.slice(API.length));
}

async function drop(condition) {
  const names = await caches.keys();
  await Promise.all(names.filter(condition).map((name) => caches.delete(name)));
}
