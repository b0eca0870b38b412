// Import recipes: preview what a file would do, place unknown names, then import it.
import { count as counted, el } from "../shared/elements.js";
import { send } from "./api.js";
import { problemBox } from "./states.js";

const SHOWN = 50;

const form = document.getElementById("import-form");
const file = document.getElementById("file");
const onDuplicate = document.getElementById("on-duplicate");
const importButton = document.getElementById("import");
const problem = document.getElementById("problem");
const section = document.getElementById("report");

/** The reader's answers: name in the file -> ingredient, null to leave its lines out. */
const answers = new Map();

async function run(dryRun) {
  problem.replaceChildren();
  if (!file.files.length) {
    file.focus();
    return;
  }
  form.setAttribute("aria-busy", "true");
  importButton.disabled = true;
  try {
    const query = new URLSearchParams({ on_duplicate: onDuplicate.value, dry_run: String(dryRun) });
    if (answers.size) query.set("mapping", JSON.stringify(Object.fromEntries(answers)));
    const { body } = await send("POST", `recipes/import?${query}`, { body: file.files[0] });
    show(body);
    importButton.disabled = !dryRun;
  } catch (error) {
    section.hidden = true;
    problem.replaceChildren(
      problemBox(error),
      ...list(
        "Faults",
        error.errors ?? [],
        ({ field, message, remedy }) => `${field}: ${message} ${remedy}`,
      ),
    );
  } finally {
    form.removeAttribute("aria-busy");
  }
}

const count = (value, noun) => counted(value, noun, `${noun}s`);

function show(report) {
  const title = document.getElementById("report-title");
  title.textContent = report.dry_run ? "Preview" : "Imported";
  const [created, updated] = report.dry_run ? ["to create", "to update"] : ["created", "updated"];
  const facts = [
    `Recognized: ${report.shape}`,
    `${count(report.created, "recipe")} ${created}, ${report.updated} ${updated}, ${report.unchanged} unchanged, ${report.skipped.length} skipped`,
    `${count(report.lines, "line")}, ${report.placed} with a place in the tree`,
    ...report.notes,
  ];
  document
    .getElementById("summary")
    .replaceChildren(...facts.map((textContent) => el("li", { textContent })));
  document
    .getElementById("unsorted")
    .replaceChildren(...(report.dry_run ? questions(report.unsorted) : []));
  document.getElementById("details").replaceChildren(
    ...list(
      "Amounts that were not understood",
      report.unread,
      (one) => `${one.recipe}: ${one.text} (${one.where})`,
    ),
    ...list(
      "Names that were read freely",
      // One that is new has its own name; it is listed below.
      report.guessed.filter((one) => one.written !== one.ingredient),
      (one) => `${one.written} → ${one.ingredient}`,
    ),
    ...list(
      "Names that are known under another one",
      report.renamed,
      (one) => `${one.written} → ${one.ingredient}`,
    ),
    ...list("New ingredients", report.ingredients_created, ({ name, parent }) =>
      parent ? `${name}, below ${parent}` : name,
    ),
    ...list("Skipped recipes", report.skipped, (name) => name),
  );
  section.hidden = false;
  title.focus();
}

/** One field a name that has no place, with the names that look alike as suggestions. */
function questions(names) {
  if (!names.length) return [];
  const rows = names.slice(0, SHOWN).map((one, index) => {
    const id = `name-${index}`;
    const input = el("input", { id, type: "text", autocomplete: "off", placeholder: "Unsorted" });
    input.setAttribute("list", `${id}-like`);
    input.addEventListener("change", () => {
      const answer = input.value.trim();
      if (answer) answers.set(one.written, answer === "-" ? null : answer);
      else answers.delete(one.written);
    });
    const like = el(
      "datalist",
      { id: `${id}-like` },
      ...one.suggestions.map((value) => el("option", { value })),
    );
    return el(
      "div",
      { className: "field" },
      el("label", { htmlFor: id, textContent: `${one.written} (${count(one.lines, "line")})` }),
      input,
      like,
    );
  });
  return [
    el("h3", { textContent: `${count(names.length, "unknown name")}` }),
    el("p", {
      textContent:
        "Name the ingredient, - to leave its lines out, or nothing to put it below Unsorted. Then preview again, or import.",
    }),
    ...rows,
  ];
}

function list(title, items, text) {
  if (!items.length) return [];
  const more =
    items.length > SHOWN ? [el("li", { textContent: `and ${items.length - SHOWN} more` })] : [];
  return [
    el("h3", { textContent: `${title} (${items.length})` }),
    el(
      "ul",
      {},
      ...items.slice(0, SHOWN).map((one) => el("li", { textContent: text(one) })),
      ...more,
    ),
  ];
}

file.addEventListener("change", () => {
  answers.clear();
  importButton.disabled = true;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(true);
});
importButton.addEventListener("click", () => run(false));
