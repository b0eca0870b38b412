// A one-time code for another device, as a QR code.
import { el } from "../shared/elements.js";
import { send } from "./api.js";
import { problemBox } from "./states.js";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const place = document.getElementById("code");
const warning = document.getElementById("warning");

if (LOOPBACK.test(location.hostname)) {
  warning.querySelector("code").textContent = location.host;
  warning.hidden = false;
}

async function show() {
  try {
    const { body } = await send("POST", "sign-in-codes");
    const drawing = new DOMParser().parseFromString(body.qr_code, "text/html").querySelector("svg");
    drawing.setAttribute(
      "viewBox",
      `0 0 ${drawing.getAttribute("width")} ${drawing.getAttribute("height")}`,
    );
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", "QR code of the address below");
    const address = new URL(body.link, location.href).href;
    place.replaceChildren(
      drawing,
      el("p", {}, "Or open ", el("a", { href: address, textContent: address })),
    );
  } catch (error) {
    place.replaceChildren(problemBox(error, show));
  }
}

document.getElementById("show").addEventListener("click", show);
