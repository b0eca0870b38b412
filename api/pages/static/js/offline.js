// Reading offline: registers the service worker, and says when a page comes from its copy.
import { el } from "../shared/elements.js";

/** Later than what the reader waits for: the worker fetches every file of the site. */
const PATIENCE_MS = 4000;

async function register() {
  // Where storage is blocked or full the site works as before, online.
  const registration = await navigator.serviceWorker.register("/service-worker.js").catch(() => {});
  if (!registration) return;
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage("keep-snapshot");
}

/** Wire the page; browsers offer service workers on HTTPS and on this machine only. */
export function wireOffline() {
  if (!("serviceWorker" in navigator)) return;
  const note = el("p", {
    className: "wrap stale offline-note",
    role: "status",
    // The worker answers with the map for a page that it has no copy of.
    textContent:
      document.querySelector(".map-page") && !["/", "/map"].includes(location.pathname)
        ? "You are offline, and this page was not kept. Here is the map of your last visit."
        : "You are offline. This is the copy of your last visit.",
  });
  const show = () => {
    if (navigator.onLine) note.remove();
    else document.querySelector(".site-header").after(note);
  };
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
  setTimeout(register, PATIENCE_MS);
}
