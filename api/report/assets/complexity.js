// The report's histogram.
import { Report } from "./core.js";
import { createHistogram } from "./shared/histogram.js";

if (document.getElementById("histogram")) {
  createHistogram({
    svg: document.getElementById("histogram"),
    caption: document.getElementById("histogram-caption"),
    rows: Report.data.complexity,
  });
}
