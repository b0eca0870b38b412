// Finding ingredients by name, and choosing several.
import { count, el, pathTo } from "../shared/elements.js";
import { getJson } from "./api.js";
import { createCombobox } from "./combobox.js";

const SUGGESTIONS = 12;

/** Ingredients whose name contains the words, by name. */
export async function searchIngredients(text, signal) {
  const { items } = await getJson("ingredients", {
    params: { q: text, limit: SUGGESTIONS },
    signal,
  });
  return items;
}

/** What a suggestion says of an ingredient. */
export function showIngredient({ name, recipe_count: recipes, has_children: kinds }) {
  return { name, note: kinds ? "with its kinds" : count(recipes, "recipe", "recipes") };
}

/** The box `#find`: it finds an ingredient of the published tree, and calls `choose` with its node. */
export function createTreeSearch(byId, choose) {
  return createCombobox({
    id: "find",
    placeholder: "for example: amaro",
    search: async (text, signal) =>
      (await searchIngredients(text, signal)).flatMap(({ id }) => byId.get(String(id)) ?? []),
    show: (node) => ({
      name: node.name,
      note: [
        ...pathTo(node.parent)
          .slice(1)
          .map((above) => above.name),
        count(node.total, "recipe", "recipes"),
      ].join(" · "),
    }),
    choose,
  });
}

/**
 * A labeled combobox that collects ingredients as chips.
 *
 * @param {object} options
 * @param {string} options.id
 * @param {string} options.label
 * @param {string} options.hint explains the selection
 * @param {() => void} options.changed called after every change by the reader
 */
export function createIngredientPicker({ id, label, hint, changed }) {
  const chosen = new Map();
  const chips = el("ul", { className: "picked", "aria-label": `${label}: selected` });
  const { node: box, input } = createCombobox({
    id,
    placeholder: "Type an ingredient",
    search: async (text, signal) =>
      (await searchIngredients(text, signal)).filter((item) => !chosen.has(item.id)),
    show: showIngredient,
    choose: (item) => {
      chosen.set(item.id, item.name);
      draw();
      changed();
    },
  });
  input.setAttribute("aria-describedby", `${id}-hint`);

  function draw() {
    chips.hidden = !chosen.size;
    chips.replaceChildren(
      ...[...chosen].map(([key, name]) =>
        el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              className: "chip",
              "aria-label": `Remove ${name}`,
              onclick: () => {
                chosen.delete(key);
                draw();
                input.focus();
                changed();
              },
            },
            el("span", { textContent: name }),
            el("span", { className: "cross", textContent: "×" }),
          ),
        ),
      ),
    );
  }
  draw();
  const node = el(
    "div",
    { className: "field picker" },
    el("label", { htmlFor: id, textContent: label }),
    el("p", { id: `${id}-hint`, className: "hint", textContent: hint }),
    box,
    chips,
  );
  return {
    node,
    ids: () => [...chosen.keys()],
    /** Pairs of ID and name. */
    chosen: () => [...chosen],
    /** Replace the selection; ids without a name in `names` are looked up on the server. */
    async set(ids, names = []) {
      const known = new Map([...chosen, ...names]);
      chosen.clear();
      for (const key of ids) chosen.set(key, known.get(key) ?? "…");
      draw();
      await Promise.all(
        ids
          .filter((key) => !known.has(key))
          .map(async (key) => {
            const name = await getJson(`ingredients/${key}`).then(
              (item) => item.name,
              () => `no. ${key}`,
            );
            if (chosen.has(key)) chosen.set(key, name);
          }),
      );
      draw();
    },
  };
}
