// Shared by all pages: navigation, theme, sign-in, and announcements for screen readers.
import { askForToken, hasToken, onSignIn, signOut, takeTokenFromAddress } from "./api.js";
import { passOnReturn } from "./provider.js";

/** Announce something to screen readers only. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Set query parameters without a new history entry; null or "" removes one. */
export function setAddress(parameters) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === "" || value === undefined) address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  history.replaceState(history.state, "", address);
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

passOnReturn();
takeTokenFromAddress();
wireHeader();
