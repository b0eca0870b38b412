// An input that suggests while one types: the editable combobox with list autocompletion of the
// ARIA Authoring Practices. The list only ever holds what `search` found for the text that stands
// in the input now.
import { count, el } from "../shared/elements.js";

const DELAY_MS = 120;

/**
 * Make a combobox.
 *
 * @template T
 * @param {object} options
 * @param {string} options.id of the input; a label may point at it
 * @param {string} [options.placeholder]
 * @param {(text: string, signal: AbortSignal) => Promise<T[]>} options.search what to suggest
 * @param {(item: T) => {name: string, note: string}} options.show what a suggestion says
 * @param {(item: T) => string | void} options.choose takes a choice; what it returns is left in the
 *   input, which is emptied otherwise
 * @param {() => void} [options.typed] told that the text was changed by hand
 * @returns {{node: HTMLElement, input: HTMLInputElement}}
 */
export function createCombobox({ id, placeholder = "", search, show, choose, typed }) {
  const input = el("input", {
    id, type: "text", placeholder, autocomplete: "off", spellcheck: false, role: "combobox",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`,
  });
  const list = el("ul", { id: `${id}-list`, role: "listbox", "aria-label": "Suggestions", hidden: true });
  const message = el("p", { className: "combobox-message", hidden: true });
  const status = el("span", { className: "hidden-visually", role: "status" });
  const node = el("div", { className: "combobox" }, input, list, message, status);

  let items = [];
  let active = -1;
  let timer = 0;
  let pending = null;

  function say(text, visibly) {
    status.textContent = text;
    message.textContent = visibly ? text : "";
    message.hidden = !visibly;
  }

  function close() {
    clearTimeout(timer);
    pending?.abort();
    items = [];
    list.hidden = true;
    list.replaceChildren();
    say("", false);
    input.setAttribute("aria-expanded", "false");
    activate(-1);
  }

  function activate(index) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const option = list.children[active];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", option.id);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  async function suggest(first = -1) {
    clearTimeout(timer);
    pending?.abort();
    const text = input.value.trim();
    if (!text) {
      close();
      return;
    }
    const request = new AbortController();
    pending = request;
    try {
      const found = await search(text, request.signal);
      if (request.signal.aborted) return;
      items = found;
      list.replaceChildren(...items.map((item, index) => {
        const { name, note } = show(item);
        return el("li", { id: `${id}-option-${index}`, role: "option", "aria-selected": "false" },
          el("span", { className: "name", textContent: name }), " ",
          el("span", { className: "note", textContent: note }));
      }));
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", String(items.length > 0));
      say(items.length ? count(items.length, "suggestion", "suggestions") : `Nothing is called “${text}”.`,
        !items.length);
      activate(items.length ? Math.min(first, items.length - 1) : -1);
    } catch (error) {
      if (error.name === "AbortError") return;
      close();
      say(error.message, true);
    }
  }

  function take(index) {
    const item = items[index];
    if (!item) return;
    close();
    input.value = choose(item) ?? "";
  }

  input.addEventListener("input", () => {
    typed?.();
    clearTimeout(timer);
    timer = setTimeout(suggest, DELAY_MS);
  });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    const last = items.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!items.length) await suggest(event.key === "ArrowDown" ? 0 : Infinity);
      else if (event.key === "ArrowDown") activate(active === last ? 0 : active + 1);
      else activate(active <= 0 ? last : active - 1);
    } else if (event.key === "Enter" && items.length) {
      // With suggestions in sight, Enter takes one and does not send the form.
      event.preventDefault();
      take(Math.max(active, 0));
    } else if (event.key === "Enter" && input.value.trim() && !input.hasAttribute("data-chosen")) {
      // Typed faster than the suggestions come: take the first one when it is there.
      event.preventDefault();
      await suggest(0);
    } else if (event.key === "Escape" && (items.length || !message.hidden)) {
      event.preventDefault();
      close();
    }
  });
  input.addEventListener("blur", close);
  // Before the blur that a click would cause.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    take([...list.children].indexOf(event.target.closest("[role=option]")));
  });
  return { node, input };
}
