// The menu check: the drinks on a menu, its printable card, and what to look at before printing it.
import { count, el } from "../shared/elements.js";
import { card, contents, list, part, recipeLink } from "./bar-answers.js";
import { cardLine, menuCsv } from "./menu-file.js";

/** The most drinks on a menu; the API's limit. */
export const MENU_LIMIT = 20;

/** Gaps that are named. */
const GAPS = 8;

/**
 * Draw a menu and what the API found about it.
 *
 * @param {object[]} menu recipes
 * @param {object} found the answer of `analytics/bar/menu`
 * @param {{units: object[], style: string, remove: (id: number) => void}} options `style` of the
 *   amounts on the card; empty to leave them out
 */
export function drawMenu(menu, found, { units, style, remove }) {
  const drinks = menu.map((recipe) =>
    card(
      el("a", { href: `/recipes/${recipe.id}`, textContent: recipe.name }),
      contents(cardLine(recipe, units, style)),
      el("button", {
        type: "button",
        className: "link no-print",
        textContent: "Remove",
        "aria-label": `Remove ${recipe.name}`,
        onclick: () => remove(recipe.id),
      }),
    ),
  );
  return {
    status: `${count(menu.length, "drink", "drinks")} on the menu`,
    parts: [
      part("Menu", list(drinks)),
      tools(menuCsv(menu, units, style, location.origin)),
      remarks(
        "Near-duplicates",
        found.duplicates.map((pair) => [recipeLink(pair.first), " and ", recipeLink(pair.second)]),
        "No two drinks are near-duplicates.",
      ),
      remarks(
        "Gaps on the map",
        found.gaps.slice(0, GAPS).map((gap) => [`${gap.region}: try `, recipeLink(gap.suggestion)]),
        "The menu covers every neighborhood.",
      ),
      remarks(
        "Bottles that serve one drink only",
        found.single_use.map((one) => [`${one.ingredient_name}: `, recipeLink(one.recipe)]),
        "Every bottle serves several drinks.",
      ),
    ],
  };
}

function remarks(title, items, none) {
  return part(
    title,
    items.length
      ? el("ul", {}, ...items.map((item) => el("li", {}, ...item)))
      : el("p", { className: "names", textContent: none }),
  );
}

function tools(csv) {
  const link = el("button", {
    type: "button",
    className: "button",
    textContent: "Copy the link",
    onclick: async () => {
      const status = document.getElementById("bar-status");
      try {
        await navigator.clipboard.writeText(location.href);
        status.textContent = "The link is in the clipboard.";
      } catch {
        // Browsers forbid it on pages without TLS: the address bar has the same link.
        status.textContent = `Copy this link: ${location.href}`;
      }
    },
  });
  return el(
    "div",
    { className: "menu-tools" },
    el("button", {
      type: "button",
      className: "button",
      textContent: "Print the card",
      onclick: () => print(),
    }),
    el("a", {
      className: "button",
      textContent: "CSV",
      download: "menu.csv",
      href: `data:text/csv;charset=utf-8,${encodeURIComponent(csv)}`,
    }),
    link,
  );
}
