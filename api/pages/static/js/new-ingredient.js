// A dialog that creates an ingredient: where it is typed, not on a page of its own.
import { el } from "../shared/elements.js";
import { send } from "./api.js";
import { createCombobox } from "./combobox.js";
import { searchIngredients, showIngredient } from "./ingredient-search.js";
import { problemBox } from "./states.js";

/**
 * Ask for a new ingredient's kind and create it.
 *
 * @param {string} name
 * @returns {Promise<object|null>} the ingredient; null if the reader thinks better of it
 */
export function askForIngredient(name) {
  const kind = { id: null };
  const problem = el("div");
  const { node: box, input } = createCombobox({
    id: "new-ingredient-kind",
    placeholder: "for example: Liqueurs",
    search: searchIngredients,
    show: showIngredient,
    choose: (item) => {
      kind.id = item.id;
      input.dataset.chosen = "";
      return item.name;
    },
    typed: () => {
      kind.id = null;
      delete input.dataset.chosen;
    },
  });
  const create = el("button", {
    type: "submit",
    className: "button primary",
    textContent: "Create",
  });
  const dialog = el("dialog", { className: "ask", "aria-labelledby": "new-ingredient-title" });
  const form = el(
    "form",
    { noValidate: true },
    el("h2", { id: "new-ingredient-title", textContent: `Create “${name}”` }),
    el("p", {
      textContent:
        "A kind puts it beside its relatives, so that it can replace them. Leave it empty for a kind of its own.",
    }),
    problem,
    el("div", { className: "field" }, el("label", { htmlFor: input.id, textContent: "Kind" }), box),
    el(
      "p",
      { className: "actions" },
      create,
      el("button", {
        type: "button",
        className: "button",
        textContent: "Cancel",
        onclick: () => dialog.close(),
      }),
    ),
  );
  dialog.append(form);
  return new Promise((resolve) => {
    let made = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (input.value.trim() && kind.id === null) {
        problem.replaceChildren(
          el("p", { role: "alert", textContent: "Choose a kind from the suggestions." }),
        );
        input.focus();
        return;
      }
      create.disabled = true;
      try {
        const body = { name, parent_id: kind.id };
        made = (await send("POST", "ingredients", { body })).body;
        dialog.close();
      } catch (error) {
        create.disabled = false;
        problem.replaceChildren(problemBox(error));
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(made);
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
