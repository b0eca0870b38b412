// What recipes are colored and filtered by: each field sorts them into a few classes.
//
// A field is {key, label, ordered, classes, of}: `of[i]` is the class of recipe i. A class is
// {key, label, tick, color, shape}, its color a custom property. Classes of an unordered field differ
// in color and shape; those of an ordered one in lightness, which every kind of color vision sees.

const STEP_COLORS = 12;
const NAMED_CLASSES = 9;
const STRENGTH_STEP = 5;
const MAX_STRENGTH = 40;
// Classes of recipes whose name has none, or that have no name, until those classes are made.
const [REST, NONE] = [254, 255];

/**
 * The fields of a map's recipes; one that says nothing of any recipe is left out.
 *
 * @param model an AtlasModel
 * @param {{rating: number[], tags: string[][]}} facts by recipe, in the model's order
 */
export function buildFields(model, { rating = [], tags = [] } = {}) {
  const { recipes, groups } = model;
  const looks = groups.map(({ key, shape }) => ({ color: `--g-${key}`, shape }));
  const strength = recipes.strength ?? [];
  const fields = [
    {
      key: "base",
      label: "Base spirit",
      ordered: false,
      classes: groups.map((group, at) => ({ ...group, tick: group.label, ...looks[at] })),
      of: Uint8Array.from(recipes.group),
    },
    rated(rating, model.total),
    tagged(tags, recipes.group, looks),
    strengths(strength, model.total),
    sizes(recipes.ingredients),
    neighborhoods(model, looks),
  ];
  return fields.filter(
    ({ of, classes }) => of.length > 0 && of.some((index) => classes[index].key !== "none"),
  );
}

/** An ordered field; `classOf(i)` is null where nothing is known. */
function steps({ key, label, total, labels, ticks, keys, classOf, none }) {
  const colors = labels.map((_, at) =>
    labels.length === 1
      ? STEP_COLORS - 1
      : Math.round((at * (STEP_COLORS - 1)) / (labels.length - 1)),
  );
  const classes = labels.map((text, at) => ({
    key: keys[at],
    label: text,
    tick: ticks[at],
    color: `--s-${colors[at]}`,
    shape: "circle",
  }));
  const of = Uint8Array.from({ length: total }, (_, i) => classOf(i) ?? labels.length);
  if (of.includes(labels.length))
    classes.push({ key: "none", label: none, tick: "–", color: "--g-other", shape: "ring" });
  return { key, label, ordered: true, classes, of };
}

function rated(rating, total) {
  const lows = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5];
  return steps({
    key: "rating",
    label: "Rating",
    total,
    keys: lows.map(String),
    labels: lows.map((low) => (low === 4.5 ? "4.5–5 stars" : `${low} to ${low + 0.5} stars`)),
    ticks: lows.map(String),
    classOf: (i) =>
      rating[i] == null ? null : Math.max(0, Math.min(7, Math.floor(2 * rating[i]) - 2)),
    none: "Unrated",
  });
}

function strengths(strength, total) {
  const last = Math.min(
    MAX_STRENGTH,
    Math.floor((d3.max(strength) ?? 0) / STRENGTH_STEP) * STRENGTH_STEP,
  );
  const lows = d3.range(0, last + 1, STRENGTH_STEP);
  return steps({
    key: "strength",
    label: "Strength",
    total,
    keys: lows.map(String),
    labels: lows.map((low) =>
      low === MAX_STRENGTH ? `${low} % and more` : `${low}–${low + STRENGTH_STEP} %`,
    ),
    ticks: lows.map(String),
    classOf: (i) =>
      strength[i] == null
        ? null
        : Math.min(lows.length - 1, Math.floor(strength[i] / STRENGTH_STEP)),
    none: "Unknown",
  });
}

function sizes(ingredients) {
  const lengths = ingredients.map((names) => names.length);
  const [low = 0, high = 0] = d3.extent(lengths);
  const counts = d3.range(low, Math.min(high, low + STEP_COLORS - 1) + 1);
  const open = counts.at(-1) < high;
  const text = counts.map((value, at) => `${value}${open && at === counts.length - 1 ? "+" : ""}`);
  return steps({
    key: "ingredients",
    label: "Ingredients",
    total: lengths.length,
    keys: counts.map(String),
    labels: text.map((one) => (one === "1" ? "1 ingredient" : `${one} ingredients`)),
    ticks: text,
    classOf: (i) => Math.min(counts.length - 1, lengths[i] - low),
    none: "",
  });
}

/**
 * Looks for some names: each gets that of its commonest base spirit if no larger one has it, so that
 * a neighborhood of gin drinks looks like gin.
 */
function dress(known, nameOf, groups, looks) {
  const uses = new Map(known.map((name) => [name, new Uint32Array(looks.length)]));
  for (const [i, group] of groups.entries()) {
    const mine = uses.get(nameOf(i));
    if (mine) mine[group] += 1;
  }
  const free = new Set(d3.range(NAMED_CLASSES));
  return known.map((name) => {
    const best = d3.greatest(free, (group) => uses.get(name)[group] || -group);
    free.delete(best);
    return looks[best];
  });
}

/** Classes of the most frequent names; the rest, and recipes without any, are two more. */
function named({ key, label, groups, ranked, looks, nameOf, rest, none }) {
  const total = groups.length;
  const known = ranked.slice(0, NAMED_CLASSES);
  const index = new Map(known.map((name, at) => [name, at]));
  const worn = dress(known, (i) => nameOf(i, index), groups, looks);
  const classes = known.map((name, at) => ({
    // A list in the URL separates keys with commas.
    key: name.replaceAll(",", ""),
    label: name,
    tick: name,
    ...worn[at],
  }));
  const of = new Uint8Array(total);
  for (let i = 0; i < total; i++) {
    const name = nameOf(i, index);
    of[i] = name === null ? NONE : (index.get(name) ?? REST);
  }
  for (const [code, kind, text, shape] of [
    [REST, "rest", rest, "cross"],
    [NONE, "none", none, "ring"],
  ]) {
    if (!of.includes(code)) continue;
    for (let i = 0; i < total; i++) if (of[i] === code) of[i] = classes.length;
    classes.push({ color: "--g-other", tick: "–", key: kind, label: text, shape });
  }
  return { key, label, ordered: false, classes, of };
}

/** How often each name occurs, by name. */
function tally(names) {
  const uses = new Map();
  for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

/** By the most frequent of a recipe's tags. */
function tagged(tags, groups, looks) {
  const uses = tally(tags.flat());
  const ranked = [...uses].sort(([a, m], [b, n]) => n - m || a.localeCompare(b, "en"));
  return named({
    key: "tag",
    label: "Tag",
    groups,
    ranked: ranked.map(([tag]) => tag),
    looks,
    nameOf: (i, index) =>
      tags[i]?.length ? (tags[i].find((tag) => index.has(tag)) ?? tags[i][0]) : null,
    rest: "Other tags",
    none: "No tag",
  });
}

/** By the nearest name of a region on the learned map, which is on screen as a label. */
function neighborhoods({ maps, total, recipes }, looks) {
  const map = maps.get("em")?.regions.length ? maps.get("em") : maps.get("manhattan");
  const regions = (map?.regions ?? []).filter((region) => (region.level ?? 0) === 0);
  const finder = d3.Delaunay.from(
    regions,
    (region) => region.x,
    (region) => region.y,
  );
  const nearest = Array.from({ length: total }, (_, i) =>
    regions.length && map.x[i] !== null ? regions[finder.find(map.x[i], map.y[i])].name : null,
  );
  const sizes = tally(nearest.filter(Boolean));
  return named({
    key: "neighborhood",
    label: "Neighborhood",
    groups: recipes.group,
    ranked: [...sizes].sort(([, m], [, n]) => n - m).map(([name]) => name),
    looks,
    nameOf: (i) => nearest[i],
    rest: "Other neighborhoods",
    none: "On no map",
  });
}
