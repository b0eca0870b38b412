// What is wrong with the recipe form, and where it is shown.
import { el } from "../shared/elements.js";
import { readRow } from "./recipe-rows.js";
import { problemBox } from "./states.js";

const NAME_LENGTH = 200;

/** Client-side validation; the server validates again. */
export function check(form, rows) {
  const errors = [];
  const name = form.elements.name.value.trim();
  if (!name) errors.push({ field: "name", message: "A recipe needs a name." });
  else if (name.length > NAME_LENGTH)
    errors.push({
      field: "name",
      message: `The name has ${name.length} characters; the limit is ${NAME_LENGTH}.`,
    });
  for (const [index, row] of rows.entries()) {
    const { ingredient_id: chosen, amount } = readRow(row);
    const add = (part, message) => errors.push({ field: `ingredients.${index}.${part}`, message });
    if (chosen === null) add("ingredient_id", "Choose an ingredient from the suggestions.");
    if (Number.isNaN(amount)) add("amount", "Enter a number, such as 30 or 1/2.");
    else if (amount < 0) add("amount", "An amount can't be less than zero.");
  }
  for (const field of ["source_url", "image_url"]) {
    const address = form.elements[field].value.trim();
    if (address && !(URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))) {
      errors.push({ field, message: "Enter a full URL that starts with http:// or https://." });
    }
  }
  return errors;
}

/** The control for a field name of the API, and the element that shows its error. */
function place(form, rows, field) {
  const [first, index, part] = field.replace(/^body\./, "").split(/[.[\]/]+/);
  if (first === "ingredients" && index !== undefined) {
    const row = rows[Number(index)];
    return row && { control: row.controls[part] ?? row.controls.ingredient_id, error: row.error };
  }
  const control = form.elements[first];
  return control && { control, error: document.getElementById(`${first}-error`) };
}

/** Remove every error. */
export function clearErrors(form, summary) {
  summary.replaceChildren();
  for (const error of form.querySelectorAll(".field-error")) {
    error.hidden = true;
    error.textContent = "";
  }
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/** Show each error at its field and focus the first; errors without a field go above the form. */
export function showErrors({ form, rows, summary }, errors, problem = null) {
  clearErrors(form, summary);
  const general = [];
  let first = null;
  for (const { field, message, remedy = "" } of errors) {
    const found = place(form, rows, field);
    if (!found?.error) {
      general.push({ field, message, remedy });
      continue;
    }
    const { control, error } = found;
    const text = `${message} ${remedy}`.trim();
    error.textContent = error.hidden ? text : `${error.textContent} ${text}`;
    error.hidden = false;
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", error.id);
    first ??= control;
  }
  if (problem && (general.length || !errors.length)) {
    const box = problemBox(problem);
    if (general.length) {
      box.append(
        el(
          "ul",
          {},
          ...general.map(({ field, message, remedy }) =>
            el("li", { textContent: `${field}: ${message} ${remedy}` }),
          ),
        ),
      );
    }
    summary.append(box);
    if (!first) summary.scrollIntoView({ block: "nearest" });
  }
  first?.focus();
}

/** Say that somebody else has changed the recipe. */
export function showConflict(summary, edited, reload) {
  summary.replaceChildren(
    el(
      "div",
      { className: "problem", role: "alert" },
      el("strong", { textContent: "This recipe was changed while you were editing" }),
      el("p", {
        textContent:
          "Nothing was saved. Open the current version in another tab to merge the changes by hand, or load it here and discard yours.",
      }),
      el(
        "p",
        { className: "actions" },
        el("a", {
          className: "button",
          href: `/recipes/${edited}`,
          target: "_blank",
          rel: "noopener",
          textContent: "Open the current version",
        }),
        el("button", {
          type: "button",
          className: "button",
          textContent: "Load it here",
          onclick: reload,
        }),
      ),
    ),
  );
  summary.scrollIntoView({ block: "nearest" });
}
