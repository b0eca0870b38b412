// The rating of a recipe, and the reader's own.
import { count, el } from "../shared/elements.js";
import { send } from "./api.js";

/**
 * Draw the rating.
 *
 * @param {{etag: string}} current replaced by the new one once a rating is saved
 */
export function ratingBox(recipe, current) {
  const { average, count: voters } = recipe.rating;
  const node = el("div", { className: "rating" });
  node.append(
    el(
      "p",
      { className: "rating-line" },
      voters
        ? el(
            "span",
            {},
            el("span", { className: "stars", "aria-hidden": "true", textContent: "★ " }),
            el("strong", { textContent: average.toFixed(1) }),
            ` of 5 from ${count(voters, "rating", "ratings")}`,
          )
        : el("span", { textContent: "Not rated yet." }),
    ),
  );
  const status = el("span", { role: "status" });
  const field = el(
    "fieldset",
    { className: "stars-input" },
    el("legend", { textContent: "Your rating" }),
    ...[1, 2, 3, 4, 5].map((value) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name: "rating", value: String(value) }),
        el("span", { textContent: String(value) }),
      ),
    ),
    status,
  );
  field.addEventListener("change", async (event) => {
    try {
      await send("PUT", `ratings/${recipe.id}`, { body: { rating: Number(event.target.value) } });
      // The rating is part of the recipe, and so of its ETag.
      const {
        body: { rating },
        etag,
      } = await send("GET", `recipes/${recipe.id}`);
      current.etag = etag;
      node
        .querySelector(".rating-line")
        .replaceChildren(
          el("span", { className: "stars", "aria-hidden": "true", textContent: "★ " }),
          el("strong", { textContent: rating.average.toFixed(1) }),
          ` of 5 from ${count(rating.count, "rating", "ratings")}`,
        );
      status.textContent = " Thank you.";
    } catch (error) {
      status.textContent = ` ${error.message}`;
    }
  });
  node.append(field);
  return node;
}
