// Amounts as a bar pours them: fractions of an ounce, milliliters in steps of a jigger, parts.
//
// The figures "as written" are those of api/analysis/bar_measures.py, which writes them for the
// pages that the server renders: tests/pages/test_amounts.py compares the two.

/** How amounts can be shown: value and label. */
export const STYLES = [
  ["written", "as written"],
  ["oz", "oz"],
  ["ml", "ml"],
  ["parts", "parts"],
];

const KEY = "units";
const OUNCE_ML = 29.5735;
const DENOMINATORS = [1, 2, 3, 4, 6, 8];
const FRACTION_TOLERANCE = 0.005;
const SYMBOLS = new Set(["ml", "cl", "dl", "l", "oz", "tsp", "tbsp", "bsp", "g"]);
const METRIC = new Set(["ml", "cl", "dl", "l", "g"]);
const SHORT = {
  milliliter: "ml",
  millilitre: "ml",
  centiliter: "cl",
  centilitre: "cl",
  ounce: "oz",
  "fluid ounce": "oz",
  teaspoon: "tsp",
  tablespoon: "tbsp",
  each: "",
  piece: "",
};
const FILLS = { "to top": "to top", "to rinse": "rinse" };
/** Units below this many ml, such as dashes and spoons, are never converted: nobody pours 0.8 ml. */
const SMALLEST_POURED_ML = 9;
/** Parts are whole numbers if some multiple up to this one makes them so, and none is above. */
const MOST_TIMES = 4;
const MOST_PARTS = 16;

/** The style that the reader has chosen in this browser. */
export function readStyle() {
  try {
    const kept = localStorage.getItem(KEY);
    return STYLES.some(([style]) => style === kept) ? kept : "written";
  } catch {
    return "written";
  }
}

/** Keep the style for the next page. */
export function saveStyle(style) {
  try {
    localStorage.setItem(KEY, style);
  } catch {
    // Storage may be blocked: the choice lasts as long as the page.
  }
}

/** 1.5 as "1 1/2"; two decimals where no common fraction is near. */
export function fraction(value, tolerance = FRACTION_TOLERANCE) {
  const whole = Math.floor(value);
  const rest = value - whole;
  for (const under of DENOMINATORS) {
    const over = roundHalfEven(rest * under);
    if (Math.abs(rest - over / under) > tolerance) continue;
    const units = whole + Math.floor(over / under);
    const part = over % under;
    if (!part) return String(units);
    const shared = divisor(part, under);
    const figure = `${part / shared}/${under / shared}`;
    return units ? `${units} ${figure}` : figure;
  }
  return decimal(value);
}

/** 1.5, 1,5, 1/2 or 1 1/2 as a number; null for an empty text, NaN for anything else. */
export function readAmount(text) {
  const written = text
    .normalize("NFKC") // ½ becomes 1⁄2
    .replaceAll("⁄", "/")
    .trim()
    .replace(",", ".");
  if (!written) return null;
  const [, whole, over, under] = /^(?:(\d+)\s+)?(\d+)\s*\/\s*(\d+)$/.exec(written) ?? [];
  if (under !== undefined)
    return Number(under) ? Number(whole ?? 0) + Number(over) / Number(under) : NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : NaN;
}

/**
 * An amount as the recipe has it, such as "3/4 oz", "2 dashes" or "to top".
 *
 * @param {number|null} amount in the unit
 * @param {{name: string, abbreviation: string|null, conversion_to_ml: number|null}|null} unit
 */
export function writeAmount(amount, unit) {
  const short = unitText(unit);
  // "To top" and "rinse" have no amount worth reading.
  if (amount === null || short === "rinse" || short.startsWith("to ")) return short;
  const figure = METRIC.has(short) ? decimal(amount) : fraction(amount);
  return `${figure} ${plural(short, amount)}`.trim();
}

/** The text in which an amount can be edited: as people write it, and it reads as the same. */
export function editAmount(amount, unit) {
  if (amount === null) return "";
  return METRIC.has(unitText(unit)) ? String(amount) : fraction(amount);
}

/**
 * The lines of a recipe in a style, for a number of drinks.
 *
 * A line is converted for one drink, to what a jigger measures, and then multiplied; the total is
 * the sum of the volumes as shown. So the figures on the page add up, and eight drinks need eight
 * times what one needs.
 *
 * @param {{amount: number|null, unit: object|null, volume_ml: number|null}[]} lines
 * @returns {{rows: {text: string, volume: string}[], total: string}} `volume` is empty where it
 *   would repeat `text`
 */
export function writeLines(lines, style = "written", drinks = 1) {
  const inOunces = style === "oz";
  const parts = style === "parts" ? partsOf(lines) : null;
  const shown = lines.map((line, index) => {
    const poured = convert(line, style);
    const text = parts?.has(index)
      ? countParts(parts.get(index))
      : writeAmount(poured.amount === null ? null : poured.amount * drinks, poured.unit);
    const volume = volumeOf(line, poured, inOunces) * drinks;
    return { text, figure: line.volume_ml === null ? null : volume };
  });
  // Only exact fractions: 3.33 oz is not 3 1/3 where the lines above it sum to 3.33.
  const volumeText = (value) => (inOunces ? `${fraction(value, 1e-6)} oz` : `${trimmed(value)} ml`);
  return {
    rows: shown.map(({ text, figure }) => {
      const volume = figure === null ? "–" : volumeText(figure);
      return { text: text || "–", volume: volume === text ? "" : volume };
    }),
    total: volumeText(shown.reduce((sum, { figure }) => sum + (figure ?? 0), 0)),
  };
}

/** One amount in a style, without the rest of its recipe: parts need it, so they stay as written. */
export function writeOne(amount, unit, style) {
  const poured = convert({ amount, unit }, style);
  return writeAmount(poured.amount, poured.unit);
}

/** An amount that the server wrote, such as "1 1/2 oz", in a style. */
export function restyle(text, style) {
  const [, figure, name] = /^([\d./ ]+) (oz|ml|cl)$/.exec(text) ?? [];
  const unit = { oz: OUNCE, ml: MILLILITER, cl: CENTILITER }[name];
  return unit ? writeOne(readAmount(figure), unit, style) : text;
}

const OUNCE = { name: "Ounce", abbreviation: "oz", conversion_to_ml: OUNCE_ML };
const MILLILITER = { name: "Milliliter", abbreviation: "ml", conversion_to_ml: 1 };
const CENTILITER = { name: "Centiliter", abbreviation: "cl", conversion_to_ml: 10 };

function isPoured({ amount, unit }) {
  const each = unit?.conversion_to_ml ?? 0;
  return amount > 0 && (each === 1 || each >= SMALLEST_POURED_ML);
}

function convert({ amount, unit }, style) {
  if (!isPoured({ amount, unit }) || unitText(unit) === style) return { amount, unit };
  const ml = amount * unit.conversion_to_ml;
  if (style === "oz") return { amount: roundOunces(ml / OUNCE_ML), unit: OUNCE };
  if (style === "ml") return { amount: roundMilliliters(ml), unit: MILLILITER };
  return { amount, unit };
}

/** The volume of one line for one drink, in the unit of the volumes, as it is shown. */
function volumeOf(line, poured, inOunces) {
  const ml = line.volume_ml ?? 0;
  const each = poured.unit?.conversion_to_ml;
  if (inOunces) {
    return poured.amount > 0 && unitText(poured.unit) === "oz"
      ? poured.amount
      : round(ml / OUNCE_ML, 2);
  }
  if (poured.amount > 0 && each === 1) return poured.amount;
  return round(ml, ml < 10 ? 1 : 0);
}

/** Ounces in quarters; in eighths where a quarter would be more than a twelfth off. */
function roundOunces(ounces) {
  const quarters = Math.round(ounces * 4) / 4;
  if (Math.abs(quarters - ounces) <= ounces / 12) return quarters;
  return Math.round(ounces * 8) / 8 || round(ounces, 2);
}

/** Milliliters in steps of 2.5, and of 5 from 60 up. */
function roundMilliliters(ml) {
  const step = ml < 60 ? 2.5 : 5;
  return Math.round(ml / step) * step || round(ml, 1);
}

/** Parts by index of the lines that are poured: whole numbers where small ones exist. */
function partsOf(lines) {
  const volumes = new Map(
    lines.flatMap((line, index) =>
      isPoured(line) ? [[index, line.amount * line.unit.conversion_to_ml]] : [],
    ),
  );
  const smallest = Math.min(...volumes.values());
  const times = [...Array(MOST_TIMES).keys()]
    .map((before) => before + 1)
    .find((count) =>
      [...volumes.values()].every((ml) => {
        const parts = (ml / smallest) * count;
        return Math.round(parts) <= MOST_PARTS && Math.abs(parts - Math.round(parts)) < 0.04;
      }),
    );
  return new Map(
    [...volumes].map(([index, ml]) => {
      const parts = ml / smallest;
      return [index, times ? Math.round(parts * times) : Math.round(parts * 4) / 4];
    }),
  );
}

function countParts(parts) {
  return `${fraction(parts)} ${parts > 1 ? "parts" : "part"}`;
}

function unitText(unit) {
  const name = (unit?.name ?? "").trim().toLowerCase();
  if (unit?.conversion_to_ml == null) {
    if (name in FILLS) return FILLS[name];
    // Pieces have the abbreviation "each" in some databases, which nobody says.
    if (name in SHORT) return SHORT[name];
  }
  return (unit?.abbreviation ?? "").trim() || (SHORT[name] ?? name);
}

function plural(unit, amount) {
  if (amount <= 1 || SYMBOLS.has(unit) || !unit) return unit;
  return /(s|sh|ch|x)$/.test(unit) ? `${unit}es` : `${unit}s`;
}

function decimal(value) {
  return String(roundHalfEven(value * 100) / 100);
}

/** At most one decimal, thousands separated. */
function trimmed(value) {
  return new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(value);
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

/** Python's rounding, so that both write the same figures. */
function roundHalfEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

function divisor(one, other) {
  return other ? divisor(other, one % other) : one;
}
