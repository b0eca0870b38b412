// The published snapshot, whether it is up to date, and the current refresh.
import { count, el, number } from "../shared/elements.js";
import { getJson, send } from "./api.js";
import { announce } from "./shell.js";
import { problemBox } from "./states.js";

// Poll fast while a refresh runs, ever more slowly otherwise.
const QUICK_MS = 1000;
const SLOWEST_MS = 30_000;

const message = document.getElementById("message");
const state = document.getElementById("run-state");
const progress = document.getElementById("run-progress");
const step = document.getElementById("run-step");

const MAPS = [
  ["cocktail-space", "Manhattan"],
  ["cocktail-space-em", "Learned"],
];
const DISTANCES = {
  learned: "learned distance",
  tree: "tree distance",
  manhattan: "Manhattan distance",
};
const OUTCOMES = {
  succeeded: ["good", "Succeeded"],
  failed: ["warn", "Failed"],
  interrupted: ["warn", "Interrupted"],
  running: ["", "Running"],
};

const moments = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "medium" });
const time = (text) => el("time", { dateTime: text, textContent: moments.format(new Date(text)) });
const seconds = (from, to) => (new Date(to) - new Date(from)) / 1000;
const duration = (length) =>
  length < 100 ? `${length.toFixed(1)} s` : `${Math.round(length / 60)} min`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const badge = ([kind, text]) => el("span", { className: `badge ${kind}`, textContent: text });
const cell = (content, className = "") => el("td", { className }, content);

let shownSnapshot;
let delay = QUICK_MS;
let timer;
let asking;

function showPublished({ snapshot, stale, foreign }) {
  const box = document.getElementById("published");
  box.classList.toggle("stale-now", stale || !snapshot);
  if (!snapshot) {
    box.replaceChildren(
      el("p", { className: "verdict", textContent: "Nothing yet" }),
      el("p", { textContent: "The first refresh publishes the first snapshot." }),
    );
    return;
  }
  box.replaceChildren(
    el("p", {
      className: "verdict",
      textContent: foreign ? "Of another database" : stale ? "Stale" : "Up to date",
    }),
    el("p", {
      textContent: foreign
        ? "The published figures were computed from another database. The next refresh computes those of this one."
        : stale
          ? "Recipes have changed since. The next refresh includes them."
          : "Includes every recipe change.",
    }),
    el(
      "p",
      { className: "quiet" },
      "Published ",
      time(snapshot.created_at),
      ": ",
      count(snapshot.counts.cocktail_space_count ?? 0, "recipe", "recipes"),
      ", ",
      count(snapshot.counts.ingredient_tree_nodes ?? 0, "ingredient", "ingredients"),
      ".",
    ),
  );
}

function showRun({ refresh }) {
  const running = refresh.state === "running";
  const words = {
    idle: "No refresh is running.",
    waiting: "Waiting for a worker.",
    running: refresh.stage ? `${refresh.stage} …` : "Starting …",
  }[refresh.state];
  // A live region announces every change of its text, so skip no-op updates.
  if (state.textContent !== words) state.textContent = words;
  progress.hidden = !running;
  const [done, all] = [refresh.stage_number ?? 1, refresh.stage_count ?? 10];
  progress.value = (done - 1) / all;
  const parts = [];
  if (running && refresh.stage_number) parts.push(`Stage ${done} of ${all}`);
  if (running && refresh.started_at)
    parts.push(`running for ${duration(Math.max(0, seconds(refresh.started_at, new Date())))}`);
  if (refresh.step) parts.push(refresh.step);
  step.textContent = parts.join(" · ");
}

function showHistory(history) {
  document.getElementById("history-table").hidden = !history.length;
  document.getElementById("no-history").hidden = history.length > 0;
  document
    .getElementById("history")
    .replaceChildren(
      ...history.map((run) =>
        el(
          "tr",
          {},
          cell(time(run.started_at)),
          cell(badge(OUTCOMES[run.state])),
          cell(run.finished_at ? duration(seconds(run.started_at, run.finished_at)) : "", "number"),
          cell(
            run.error ??
              (run.changed === false
                ? "No changes"
                : run.snapshot_id
                  ? `Published ${run.snapshot_id}`
                  : run.stage),
            "words",
          ),
        ),
      ),
    );
}

function showSnapshots({ snapshot, snapshots }) {
  document.getElementById("snapshots-table").hidden = !snapshots.length;
  document.getElementById("snapshots").replaceChildren(
    ...snapshots.map((one) => {
      const current = one.snapshot_id === snapshot?.snapshot_id;
      return el(
        "tr",
        { className: current ? "current" : "" },
        cell(time(one.created_at)),
        cell(
          el("span", {}, el("code", { textContent: one.snapshot_id }), current ? " (current)" : ""),
          one.foreign ? " (of another database)" : "",
        ),
        cell(number(one.counts.cocktail_space_count ?? 0), "number"),
        cell(number(one.counts.ingredient_tree_nodes ?? 0), "number"),
        cell(megabytes(one.bytes), "number"),
      );
    }),
  );
}

function showQuality({ quality }) {
  const figure = (value) =>
    cell(value === null || value === undefined ? "–" : value.toFixed(3), "number");
  document.getElementById("quality").replaceChildren(
    ...MAPS.map(([name, label]) => {
      const { knn_preservation: kept, trustworthiness, median_shift: shift } = quality[name] ?? {};
      return el(
        "tr",
        {},
        el("th", { scope: "row", textContent: label }),
        figure(kept),
        figure(trustworthiness),
        figure(shift),
      );
    }),
  );
  showCompletion(quality["cocktail-space-em"]?.completion);
}

/** How well each distance finds a hidden ingredient, in words, and which one is published. */
function showCompletion(completion) {
  const known = Boolean(completion?.queries);
  document.getElementById("completion-section").hidden = !known;
  if (!known) return;
  const { published, queries } = completion;
  const against = (other) => {
    const ratio = completion[other] ? completion.learned / completion[other] - 1 : 0;
    const percent = Math.round(100 * Math.abs(ratio));
    return percent === 0 ? "as well as" : `${percent} % ${ratio > 0 ? "better" : "worse"} than`;
  };
  document.getElementById("completion").textContent =
    `The learned distance does ${against("manhattan")} the Manhattan distance and ${against("tree")} the ingredient tree ` +
    `(${count(queries, "hidden ingredient", "hidden ingredients")}). ` +
    (published === "learned"
      ? "It is the one that is published."
      : `On these recipes the ${DISTANCES[published]} is better, so that is the one that is published.`);
  document
    .getElementById("completion-figures")
    .replaceChildren(
      ...Object.entries(DISTANCES).map(([name, label]) =>
        el(
          "div",
          {},
          el("dt", { textContent: label[0].toUpperCase() + label.slice(1) }),
          el("dd", { textContent: completion[name].toFixed(3) }),
        ),
      ),
    );
}

async function look() {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  try {
    const status = await getJson("analytics/status", { signal: asking.signal });
    message.querySelector(".problem")?.remove();
    showPublished(status);
    showRun(status);
    showHistory(status.history);
    showSnapshots(status);
    const id = status.snapshot?.snapshot_id;
    if (id && id !== shownSnapshot) {
      showQuality(status.snapshot);
      if (shownSnapshot) announce("A new snapshot has been published.");
      shownSnapshot = id;
    }
    delay = status.refresh.state === "idle" ? Math.min(delay * 1.5, SLOWEST_MS) : QUICK_MS;
  } catch (error) {
    if (error.name === "AbortError") return;
    message.replaceChildren(problemBox(error));
    delay = Math.min(delay * 2, SLOWEST_MS);
  }
  // Don't poll from a background tab.
  if (!document.hidden) timer = setTimeout(look, delay);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else look();
});

document.getElementById("refresh").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    const { body } = await send("POST", "analytics/refresh");
    message.replaceChildren(
      el("p", {
        className: "done",
        textContent: body.absorbed
          ? "A refresh is already queued; it will include the latest changes."
          : "Refresh requested.",
      }),
    );
    delay = QUICK_MS;
    await look();
  } catch (error) {
    if (error.title !== "Not signed in") message.replaceChildren(problemBox(error));
  } finally {
    button.disabled = false;
  }
});

look();
