// An input with suggestions: the editable combobox with list autocomplete of the ARIA Authoring
// Practices. The list only ever shows results for the current text.
import { count, el } from "../shared/elements.js";

const DELAY_MS = 120;

/**
 * Make a combobox.
 *
 * @template T
 * @param {object} options
 * @param {string} options.id of the input, for its label
 * @param {string} [options.placeholder]
 * @param {(text: string, signal: AbortSignal) => Promise<T[]>} options.search returns suggestions
 * @param {(item: T) => {name: string, note: string}} options.show text of a suggestion
 * @param {(item: T) => string | void} options.choose called with the selected item; returns
 *   the input's new text, empty by default
 * @param {() => void} [options.typed] called when the reader edits the text
 * @returns {{node: HTMLElement, input: HTMLInputElement}}
 */
export function createCombobox({ id, placeholder = "", search, show, choose, typed }) {
  const input = el("input", {
    id,
    type: "text",
    placeholder,
    autocomplete: "off",
    spellcheck: false,
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
  });
  const list = el("ul", {
    id: `${id}-list`,
    role: "listbox",
    "aria-label": "Suggestions",
    hidden: true,
  });
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
      list.replaceChildren(
        ...items.map((item, index) => {
          const { name, note } = show(item);
          return el(
            "li",
            { id: `${id}-option-${index}`, role: "option", "aria-selected": "false" },
            el("span", { className: "name", textContent: name }),
            " ",
            el("span", { className: "note", textContent: note }),
          );
        }),
      );
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", String(items.length > 0));
      say(
        items.length
          ? count(items.length, "suggestion", "suggestions")
          : `No matches for “${text}”.`,
        !items.length,
      );
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
      // With suggestions open, Enter selects one and does not submit the form.
      event.preventDefault();
      take(Math.max(active, 0));
    } else if (event.key === "Enter" && input.value.trim() && !input.hasAttribute("data-chosen")) {
      // Typed faster than suggestions arrive: take the first one when it does.
      event.preventDefault();
      await suggest(0);
      take(0);
    } else if (event.key === "Escape" && (items.length || !message.hidden)) {
      event.preventDefault();
      close();
    }
  });
  input.addEventListener("blur", close);
  // Prevent the blur that a click would cause.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    take([...list.children].indexOf(event.target.closest("[role=option]")));
  });
  return { node, input };
}
