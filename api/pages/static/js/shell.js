// Shared by all pages: navigation, theme, sign-in, and announcements for screen readers.
import { askForToken, hasToken, onSignIn, signOut, takeTokenFromAddress } from "./api.js";
import { wireOffline } from "./offline.js";
import { passOnReturn } from "./provider.js";
import { syncShelf } from "./shelf.js";

/** Announce something to screen readers only. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/**
 * Set query parameters; null or "" removes one.
 *
 * @param options.step add a history entry, so that the back button undoes it
 */
export function setAddress(parameters, { step = false } = {}) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === "" || value === undefined) address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  if (step && address.href !== location.href) history.pushState(null, "", address);
  else history.replaceState(history.state, "", address);
}

/** Let "/" move the focus to a search field, except while the reader types in another. */
export function focusOnSlash(field) {
  addEventListener("keydown", (event) => {
    const typing = document.activeElement.matches("textarea, select, input:not([type=radio])");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    field.focus();
  });
}

function wireHeader() {
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const name = () => {
    theme.setAttribute("aria-label", isDark() ? "Use light colors" : "Use dark colors");
    theme.title = theme.getAttribute("aria-label");
  };
  theme.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      /* applies to this page only */
    }
    name();
  });
  dark.addEventListener("change", name);
  name();

  const account = document.getElementById("account");
  onSignIn((signedIn) => {
    account.textContent = signedIn ? "Sign out" : "Sign in";
  });
  account.addEventListener("click", () => (hasToken() ? signOut() : askForToken()));

  const menu = document.getElementById("menu");
  const nav = document.getElementById("nav");
  menu.addEventListener("click", () => {
    const open = menu.getAttribute("aria-expanded") !== "true";
    menu.setAttribute("aria-expanded", String(open));
    nav.classList.toggle("open", open);
  });
  nav.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !nav.classList.contains("open")) return;
    menu.click();
    menu.focus();
  });
}

/** Fetch the shelf of whoever has just signed in; the home page is then the bar. */
async function bringShelf() {
  if (location.pathname === "/bar") return; // it does so itself
  if ((await syncShelf()) && location.pathname === "/") location.replace("/bar");
}

passOnReturn();
takeTokenFromAddress().then((signedIn) => signedIn && bringShelf());
wireHeader();
wireOffline();
