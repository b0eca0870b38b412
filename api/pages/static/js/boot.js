"use strict";
// Runs before anything is drawn and loads nothing: the reader's theme, and a banner that shows
// script errors, failed loads included. Not a module, so that it works when modules fail.
(function () {
  var root = document.documentElement;
  root.classList.add("scripted");
  try {
    var chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch (error) {
    // Storage may be blocked; use the system's theme.
  }

  // Once a shelf exists, the home page is "My bar"; the map stays at /map.
  try {
    if (
      location.pathname === "/" &&
      !location.search &&
      !location.hash &&
      localStorage.getItem("shelf")
    ) {
      location.replace("/bar");
    }
  } catch (error) {
    // Storage may be blocked; there is no shelf then.
  }

  // On a phone the shelf of "My bar" is folded away where there is an answer to show.
  try {
    if (localStorage.getItem("shelf") || /[?&]view=menu/.test(location.search)) {
      root.classList.add("shelf-folded");
    }
  } catch (error) {
    // Storage may be blocked; there is no shelf then.
  }

  var shown = new Set();

  function surface(text) {
    if (!document.body) {
      document.addEventListener("DOMContentLoaded", function () {
        surface(text);
      });
      return;
    }
    if (shown.has(text) || shown.size >= 5) return;
    shown.add(text);
    var banner = document.getElementById("error-banner");
    var item = document.createElement("li");
    item.textContent = text;
    banner.querySelector("ul").append(item);
    banner.hidden = false;
  }

  addEventListener(
    "error",
    function (event) {
      if (event.target instanceof HTMLElement && event.target !== window) {
        // A resource failed to load; images have alt text.
        var address = event.target.src || event.target.href;
        if (/^(SCRIPT|LINK)$/.test(event.target.tagName)) surface("Not loaded: " + address);
        return;
      }
      // Chromium reports this when a resize handler resizes; it is harmless.
      if (/ResizeObserver loop/.test(event.message)) return;
      surface(
        event.message +
          (event.filename
            ? " (" + event.filename.split("/").pop() + ", line " + event.lineno + ")"
            : ""),
      );
    },
    true,
  );

  addEventListener("unhandledrejection", function (event) {
    var reason = event.reason;
    surface(reason && reason.message ? String(reason.message) : String(reason));
  });

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelector("#error-banner button").addEventListener("click", function () {
      document.getElementById("error-banner").hidden = true;
    });
  });
})();
