// The cards over the map: the selected recipe, and either the filters or the list.
import { describeRecipe } from "./map-selection.js";

const byId = (id) => document.getElementById(id);

/**
 * @param maps returns the maps on screen, which keep clear of the cards
 * @param changed called with "list", "filters" or null when the reader opens or closes one
 */
export function createPanel(model, maps, changed) {
  const aside = byId("panel");
  const selection = byId("selection");
  const cards = { list: byId("list-card"), filters: byId("filter-card") };
  const buttons = { list: byId("list-button"), filters: byId("filter-button") };
  const folded = matchMedia("(max-width: 1180px)");
  const sheet = matchMedia("(max-width: 1100px)");

  /** Show the panel if it has anything to show, and let the maps know what it covers. */
  function arrange() {
    selection.hidden = model.selected < 0;
    aside.hidden = selection.hidden && cards.list.hidden && cards.filters.hidden;
    const right = aside.hidden || sheet.matches ? 0 : aside.offsetWidth + 12;
    const bottom = aside.hidden || !sheet.matches ? 0 : aside.offsetHeight;
    const shown = maps();
    for (const map of shown) if (!map.covered.bottom !== !bottom) map.makeRoom(bottom);
    for (const map of shown) map.covered = { right: map === shown.at(-1) ? right : 0, bottom };
  }

  function open(which) {
    for (const [name, card] of Object.entries(cards)) {
      card.hidden = name !== which;
      buttons[name].setAttribute("aria-expanded", String(name === which));
    }
    arrange();
    // Where the sheet holds both cards, one below the other, show the one that was asked for.
    if (which) aside.scrollTop = cards[which].offsetTop;
    changed(which);
  }
  for (const [name, button] of Object.entries(buttons))
    button.addEventListener("click", () => open(cards[name].hidden ? name : null));
  byId("close-filters").addEventListener("click", () => {
    open(null);
    buttons.filters.focus();
  });

  // Where the toolbar has no room, the tools are in the filters' card.
  function fold() {
    const tools = byId("tools");
    if (folded.matches) cards.filters.querySelector(".histogram-list").before(tools);
    else byId("search-form").after(tools);
    buttons.filters.textContent = folded.matches ? "Options" : "Filters";
  }
  folded.addEventListener("change", fold);
  fold();

  /** Describe the selected recipe, or nothing. */
  function describe(select) {
    const i = model.selected;
    if (i < 0) {
      selection.replaceChildren();
      delete selection.dataset.recipe;
    } else {
      describeRecipe(selection, model, i, {
        choose: (other) => select(other, null),
        clear: () => {
          select(-1, null);
          maps()[0].over.focus({ preventScroll: true });
        },
      });
      aside.scrollTop = 0;
    }
    arrange();
  }

  return { arrange, open, describe };
}
