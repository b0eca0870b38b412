// The text of a recipe: name, tags, ingredients, method, source, and what can be done with it.
import { el } from "../shared/elements.js";
import { onSignIn } from "./api.js";
import { askDelete } from "./recipe-delete.js";
import { ratingBox } from "./recipe-rating.js";

/** An external link if the URL is http(s); plain text otherwise. */
function outward(address, text) {
  const safe = URL.canParse(address) && ["http:", "https:"].includes(new URL(address).protocol);
  return safe
    ? el("a", { href: address, rel: "noreferrer noopener", textContent: text })
    : el("span", { textContent: text });
}

function paragraphs(text) {
  return text
    .split(/\n\s*\n|\r?\n/)
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => el("p", { textContent: part }));
}

/**
 * Draw a recipe; returns its elements.
 *
 * @param {object} recipe
 * @param {string} etag
 * @param {HTMLElement} table its ingredients
 */
export function drawRecipe(recipe, etag, table) {
  const head = el("header", { className: "recipe-head" }, el("h1", { textContent: recipe.name }));
  if (recipe.description)
    head.append(el("p", { className: "lede", textContent: recipe.description }));
  if (recipe.tags.length) {
    head.append(
      el(
        "ul",
        { className: "chips", "aria-label": "Tags" },
        ...recipe.tags.map((tag) =>
          el(
            "li",
            {},
            el("a", {
              className: "chip",
              href: `/recipes?${new URLSearchParams({ tag })}`,
              textContent: tag,
            }),
          ),
        ),
      ),
    );
  }
  const actions = el(
    "p",
    { className: "actions" },
    el("a", { className: "button", href: `/?recipe=${recipe.id}`, textContent: "Show on the map" }),
  );
  const current = { etag };
  const remove = el("button", {
    type: "button",
    className: "button danger",
    textContent: "Delete",
    onclick: () => askDelete(recipe, current.etag),
  });
  // Everybody sees that a recipe can be edited; saving asks who is not signed in.
  actions.append(
    el("a", { className: "button", href: `/recipes/${recipe.id}/edit`, textContent: "Edit" }),
    remove,
  );
  head.append(actions);

  const made = el(
    "section",
    { "aria-labelledby": "made-of" },
    el("h2", { id: "made-of", textContent: "Ingredients" }),
    recipe.ingredients.length
      ? table
      : el("p", { className: "empty", textContent: "No ingredients yet." }),
  );
  if (recipe.instructions) {
    made.append(
      el("h3", { textContent: "Method" }),
      el("div", { className: "prose" }, ...paragraphs(recipe.instructions)),
    );
  }
  if (recipe.source || recipe.source_url || recipe.image_url) {
    const line = el("p", { className: "source" });
    if (recipe.source || recipe.source_url) {
      line.append(
        "Source: ",
        recipe.source_url
          ? outward(recipe.source_url, recipe.source || recipe.source_url)
          : el("span", { textContent: recipe.source }),
      );
    }
    // A link, not an image: the content policy blocks third-party images, which would track readers.
    if (recipe.image_url)
      line.append(line.childNodes.length ? " · " : "", outward(recipe.image_url, "Picture"));
    made.append(line);
  }
  const rating = ratingBox(recipe, current);
  made.append(rating);
  onSignIn((signedIn) => {
    for (const part of [remove, rating.querySelector("fieldset")]) part.hidden = !signedIn;
  });
  return [head, made];
}
