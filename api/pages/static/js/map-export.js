// The present view as a picture, and the matching recipes as a table, made in the browser.
import { css, el } from "../shared/elements.js";
import { linesOf, pointerEnd } from "../shared/map-words.js";
import { markPath } from "../shared/marks.js";

const LEGEND_ROW = 22;
const LEGEND_COLUMN = 190;
const FONT = "system-ui, sans-serif";

const escapeXml = (text) =>
  text.replace(
    /[<>&"]/g,
    (one) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[one],
  );
const fixed = (value) => Number(value.toFixed(2));

/** The map as it is on screen, with its legend, as SVG text; fonts are the system's. */
export function svgText(map) {
  const { model, width, height } = map;
  const used = model.field.classes.flatMap((look, index) =>
    model.field.of.includes(index) ? [{ look, index }] : [],
  );
  const columns = Math.max(1, Math.floor((width - 24) / LEGEND_COLUMN));
  const legendHeight = Math.ceil(used.length / columns) * LEGEND_ROW + 34;
  const { k, x, y } = map.transform;
  const contours = map.outlines.map(
    (path) => `<path d="${path}" fill-opacity=".055" stroke-opacity=".22"/>`,
  );
  const marks = map.members.flatMap((i) => {
    const place = map.position(i);
    const opacity = model.opacity(i, map.dense);
    if (!map.inside(place, 12) || !opacity) return [];
    const at = `x="${fixed(place[0])}" y="${fixed(place[1])}"`;
    return [`<use href="#c${model.field.of[i]}" ${at} opacity="${fixed(opacity)}"/>`];
  });
  const symbols = used.map(
    ({ look, index }) =>
      `<path id="c${index}" d="${markPath(look.shape, map.markRadius)}" fill="${css(look.color)}" fill-rule="evenodd"/>`,
  );
  const names = map.labels.flatMap((name) => {
    const end = pointerEnd(name);
    const style = name.anchor ? `font-style="italic" font-weight="600"` : "";
    return [
      end
        ? `<line x1="${fixed(end[0])}" y1="${fixed(end[1])}" x2="${fixed(name.anchor[0])}" y2="${fixed(name.anchor[1])}" stroke="${map.ink}"/>`
        : "",
      ...linesOf(name).map(
        ([text, left, top]) =>
          `<text x="${fixed(left)}" y="${fixed(top)}" font-size="${name.size}" ${style}>${escapeXml(text)}</text>`,
      ),
    ];
  });
  const legend = used.map(({ look, index }, at) => {
    const left = 24 + (at % columns) * LEGEND_COLUMN;
    const top = height + 36 + Math.floor(at / columns) * LEGEND_ROW;
    const scale = fixed(5.4 / map.markRadius);
    return `<use href="#c${index}" transform="translate(${left} ${top}) scale(${scale})"/><text x="${left + 14}" y="${top}" text-anchor="start">${escapeXml(look.label)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + legendHeight}" viewBox="0 0 ${width} ${height + legendHeight}" font-family="${FONT}" font-size="13">
<title>${escapeXml(`${map.title} map of recipes by ${model.field.label}`)}</title>
<defs>${symbols.join("")}<clipPath id="stage"><rect width="${width}" height="${height}"/></clipPath></defs>
<rect width="100%" height="100%" fill="${map.paper}"/>
<g clip-path="url(#stage)"><g transform="translate(${x} ${y}) scale(${k})" fill="${map.groundColor}" stroke="${map.groundColor}" stroke-width="${1 / k}">${contours.join("")}</g>
<g>${marks.join("")}</g>
<g fill="${map.ink}" text-anchor="middle" dominant-baseline="central" font-family="Georgia, serif">${names.join("")}</g></g>
<g fill="${map.ink}" dominant-baseline="central"><text x="18" y="${height + 14}" font-weight="600">${escapeXml(model.field.label)}</text>${legend.join("")}</g>
</svg>
`;
}

/** An SVG text as a PNG at twice its size. */
export async function pngBlob(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = el("canvas", { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** The matching recipes, one line each; `selected` rows only, if given. */
export function csvText(model) {
  const fields = model.fields.filter(({ key }) => !["tag", "rating", "ingredients"].includes(key));
  // A spreadsheet would run text that begins like this as a formula.
  const cell = (value) => {
    const text = /^[=+\-@\t\r]/.test(String(value)) ? `'${value}` : String(value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const head = ["id", "name", "ingredients", "rating", "tags", ...fields.map(({ key }) => key)];
  const rows = model.order.map((i) => [
    model.recipes.id[i],
    model.recipes.name[i],
    model.ingredientsOf(i).join("; "),
    model.facts.rating[i] ?? "",
    model.facts.tags[i].join("; "),
    ...fields.map(({ key, classes, of }) =>
      key === "strength" ? (model.recipes.strength?.[i] ?? "") : classes[of[i]].label,
    ),
  ]);
  return `${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Let the reader save a text or a Blob as a file. */
export function saveFile(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Wire the export menu's buttons. */
export function wireExport(menu, map) {
  const save = {
    svg: () => saveFile("map.svg", svgText(map), "image/svg+xml"),
    png: async () => saveFile("map.png", await pngBlob(svgText(map)), "image/png"),
    csv: () => saveFile("recipes.csv", csvText(map.model), "text/csv"),
  };
  for (const button of menu.querySelectorAll("[data-format]"))
    button.addEventListener("click", async () => {
      await save[button.dataset.format]();
      menu.open = false;
    });
  // Outside clicks and Escape close it.
  addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
