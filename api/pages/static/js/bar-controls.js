// The controls of each question about the shelf.
import { count, el } from "../shared/elements.js";
import { getJson } from "./api.js";
import { createCombobox } from "./combobox.js";

const SUGGESTIONS = 8;

/** A labeled combobox that finds a recipe by name. */
export function recipeBox(id, label, choose) {
  const { node } = createCombobox({
    id,
    placeholder: "Type a recipe",
    search: async (text, signal) =>
      (await getJson("recipes", { params: { q: text, limit: SUGGESTIONS }, signal })).items,
    show: (recipe) => ({
      name: recipe.name,
      note: count(recipe.ingredients.length, "ingredient", "ingredients"),
    }),
    choose,
  });
  return el("div", { className: "field" }, el("label", { htmlFor: id, textContent: label }), node);
}

/** A labeled selection of `[value, text]` pairs. */
export function choice(id, label, options, value, changed) {
  const box = el("select", { id });
  for (const [key, text] of options)
    box.append(el("option", { value: key, textContent: text, selected: key === value }));
  box.addEventListener("change", () => changed(box.value));
  return el("div", { className: "field" }, el("label", { htmlFor: id, textContent: label }), box);
}
