// The column of buttons below the zoom, and the arrow to the north.

import { h } from "./dom.js";

const { L } = window;

const SVG = "http://www.w3.org/2000/svg";
// Each drawn in a square of 24, in strokes.
const ICONS = {
  locate: "M12 2v4M12 18v4M2 12h4M18 12h4M12 6a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
  measure: "M3 16L16 3l5 5L8 21zM8 11l2.5 2.5M11 8l1.5 1.5M14 5l2.5 2.5",
  full_screen: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
  print: "M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z",
  share: "M12 15V3M8 7l4-4 4 4M5 12v9h14v-9",
};

function icon(path, attributes = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const all = { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true", ...attributes };
  for (const [name, value] of Object.entries(all)) svg.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Add a toolbar with a button per entry of `actions` ({name: what it does}). */
export function addTools(map, texts, actions) {
  const buttons = {};
  const control = L.control({ position: "topleft" });
  control.onAdd = () => {
    const bar = h(
      "div",
      { class: "tools", role: "group", "aria-label": texts.tools },
      Object.entries(actions).map(([name, act]) => {
        buttons[name] = h(
          "button",
          { type: "button", title: texts[name], "aria-label": texts[name], onclick: act },
          icon(ICONS[name]),
        );
        return buttons[name];
      }),
    );
    L.DomEvent.disableClickPropagation(bar);
    return bar;
  };
  control.addTo(map);
  return buttons;
}

export function addNorthArrow(map, texts) {
  const control = L.control({ position: "bottomleft" });
  control.onAdd = () =>
    h(
      "div",
      { class: "north", role: "img", "aria-label": texts.north },
      icon("M12 2l6 20-6-5-6 5z", { class: "north__arrow", width: 18, height: 26 }),
      h("span", { "aria-hidden": "true" }, texts.north_letter),
    );
  control.addTo(map);
}

/** A button for the whole screen, where the browser can do it for a part of a page. */
export function wireFullScreen(button, element, texts) {
  document.addEventListener("fullscreenchange", () => {
    const isFull = document.fullscreenElement !== null;
    const text = isFull ? texts.full_screen_end : texts.full_screen;
    button.title = text;
    button.setAttribute("aria-label", text);
    button.setAttribute("aria-pressed", String(isFull));
  });
  button.setAttribute("aria-pressed", "false");
  button.hidden = !document.fullscreenEnabled;
  return () =>
    document.fullscreenElement
      ? document.exitFullscreen()
      : element.requestFullscreen();
}
