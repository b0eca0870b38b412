// Deleting a recipe, after a question.
import { el } from "../shared/elements.js";
import { send } from "./api.js";
import { problemBox } from "./states.js";

/** Ask whether to delete a recipe, and delete the version with this ETag. */
export function askDelete(recipe, etag) {
  const dialog = el(
    "dialog",
    { className: "ask", "aria-labelledby": "ask-title" },
    el("h2", { id: "ask-title", textContent: `Delete “${recipe.name}”?` }),
    el("p", {
      textContent: "This can't be undone. Maps and relatives update with the next refresh.",
    }),
    el(
      "p",
      { className: "actions" },
      el("button", {
        type: "button",
        className: "button",
        textContent: "Keep it",
        onclick: () => dialog.close(),
      }),
      el("button", {
        type: "button",
        className: "button danger",
        textContent: "Delete",
        onclick: remove,
      }),
    ),
  );
  async function remove() {
    try {
      await send("DELETE", `recipes/${recipe.id}`, { ifMatch: etag });
      sessionStorage.setItem(
        "notice",
        `“${recipe.name}” was deleted. Maps and relatives update with the next refresh.`,
      );
      location.assign("/recipes");
    } catch (error) {
      dialog.close();
      document.getElementById("notice").replaceChildren(problemBox(error));
    }
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
