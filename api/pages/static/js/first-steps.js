// What to do in a bar without recipes: take the sample, import a file, or write the first recipe.
import { el } from "../shared/elements.js";
import { getJson, send } from "./api.js";
import { problemBox } from "./states.js";

const SAMPLE = new URL("../sample.zip", import.meta.url);

/** Whether the database has no recipe. */
export async function hasNoRecipes() {
  const { items } = await getJson("recipes", { params: { limit: 1 } });
  return !items.length;
}

/** The three ways to begin. */
export function drawFirstSteps() {
  const problem = el("div");
  const sample = el("button", {
    type: "button",
    className: "button primary",
    textContent: "Use the sample",
    onclick: async () => {
      sample.disabled = true;
      problem.replaceChildren();
      try {
        const file = await (await fetch(SAMPLE)).blob();
        await send("POST", "recipes/import", { body: file });
        location.reload();
      } catch (error) {
        sample.disabled = false;
        problem.replaceChildren(problemBox(error));
      }
    },
  });
  const step = (title, text, action) =>
    el("li", {}, el("h3", { textContent: title }), el("p", { textContent: text }), action);
  const link = (href, textContent) => el("a", { className: "button", href, textContent });
  return el(
    "section",
    { className: "first-steps", "aria-labelledby": "first-steps-title" },
    el("h2", { id: "first-steps-title", textContent: "Three ways to begin" }),
    el("p", { textContent: "This bar has no recipes yet." }),
    el(
      "ol",
      {},
      step("Look around", "Start with the IBA cocktails, their ingredients and units.", sample),
      step(
        "Bring your own",
        "A spreadsheet, CSV, JSON or a web page. You see what would be written first.",
        link("/recipes/import", "Import a file"),
      ),
      step(
        "Write one",
        "Type the ingredients; those that are new are created on the way.",
        link("/recipes/new", "Write the first recipe"),
      ),
    ),
    problem,
  );
}
