// Measuring a distance or an area on the map, by pointer or by keyboard.

import { canvasIn } from "./base.js";
import { h } from "./dom.js";
import {
  areaOf,
  areaText,
  crossesItself,
  lengthOf,
  lengthText,
  measureFromText,
  measureToText,
  MOST_POINTS,
} from "./geodesy.js";
import { loadScript } from "./load.js";
import { toLatLng, toLonLat } from "./lonlat.js";
import { fill } from "./words.js";

const { L } = window;

const COLOUR = "#6a1b9a";
const LINE = { color: COLOUR, weight: 3, interactive: false };
// Under the line, so that it is seen over any background.
const EDGE = { color: "#fff", weight: 6, opacity: 0.9, interactive: false };

/** `onChange(text)` gets what belongs into the address, null while nothing is measured. */
export function makeMeasure(map, { stage, mapElement, texts, number, library, onStart, onChange, say }) {
  map.createPane("measure").style.zIndex = 455;
  const options = { pane: "measure", renderer: canvasIn("measure") };
  const drawn = L.layerGroup().addTo(map);
  let kind = "line";
  let points = [];
  let isAdding = false;
  let geodesic = null;
  let openedFrom = null;

  const result = h("p", { class: "measure__result", role: "status" });
  const help = h("p", { class: "measure__help" }, texts.measure_help);
  const choice = (value, text) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "measure-kind",
        value,
        onchange: () => {
          kind = value;
          update();
        },
      }),
      h("span", {}, text),
    );
  const button = (text, act) =>
    h("button", { type: "button", class: "button button--quiet", onclick: act }, text);
  const addButton = button(texts.measure_add, () => add(toLonLat(map.getCenter())));
  const undoButton = button(texts.measure_undo, undo);
  const finishButton = button(texts.measure_finish, () => {
    isAdding = !isAdding;
    update();
  });
  const bar = h(
    "section",
    { class: "measure", hidden: true, "aria-label": texts.measure },
    h(
      "div",
      { class: "measure__head" },
      h(
        "fieldset",
        { class: "segmented" },
        h("legend", { class: "visually-hidden" }, texts.measure_what),
        choice("line", texts.measure_line),
        choice("area", texts.measure_area),
      ),
      h(
        "button",
        { type: "button", class: "panel__close", "aria-label": texts.measure_close, onclick: stop },
        "×",
      ),
    ),
    result,
    help,
    h("div", { class: "measure__buttons" }, addButton, undoButton, finishButton),
  );
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    stop();
  });
  stage.append(bar);

  function draw() {
    drawn.clearLayers();
    const shape = points.map(toLatLng);
    if (kind === "area" && points.length > 2) {
      drawn.addLayer(L.polygon(shape, { ...EDGE, ...options, fill: false }));
      drawn.addLayer(L.polygon(shape, { ...LINE, ...options, fillOpacity: 0.15 }));
    } else {
      drawn.addLayer(L.polyline(shape, { ...EDGE, ...options }));
      drawn.addLayer(L.polyline(shape, { ...LINE, ...options }));
    }
    for (const at of shape)
      drawn.addLayer(
        L.circleMarker(at, { ...options, radius: 5, color: "#fff", weight: 2, fillColor: COLOUR, fillOpacity: 1, interactive: false }),
      );
  }

  function words() {
    // What reckons on the ellipsoid is still on its way.
    if (geodesic === null && points.length > 1) return "…";
    if (kind === "line") {
      if (points.length < 2) return points.length === 1 ? texts.measure_more : "";
      const length = lengthText(lengthOf(geodesic, points), number);
      return fill(texts.measure_line_is, { length, points: number(points.length) });
    }
    if (points.length < 3) return points.length > 0 ? texts.measure_more_area : "";
    if (crossesItself(points)) return texts.measure_crossing;
    const { area, perimeter } = areaOf(geodesic, points);
    return fill(texts.measure_area_is, {
      area: areaText(area, number),
      length: lengthText(perimeter, number),
    });
  }

  function update(note = null) {
    draw();
    result.textContent = note ?? words();
    help.hidden = !isAdding;
    addButton.disabled = !isAdding;
    undoButton.disabled = points.length === 0;
    finishButton.textContent = isAdding ? texts.measure_finish : texts.measure_continue;
    mapElement.classList.toggle("is-measuring", isAdding);
    for (const radio of bar.querySelectorAll("input")) radio.checked = radio.value === kind;
    onChange(points.length > 0 ? measureToText({ kind, points }) : null);
  }

  function add(lonLat) {
    if (points.length >= MOST_POINTS) {
      update(fill(texts.measure_most, { count: number(MOST_POINTS) }));
      return;
    }
    const last = points.at(-1);
    // A double click is one point.
    if (last && last[0] === lonLat[0] && last[1] === lonLat[1]) return;
    points = [...points, lonLat];
    update();
  }

  function undo() {
    points = points.slice(0, -1);
    update();
  }

  async function open() {
    bar.hidden = false;
    map.doubleClickZoom.disable();
    update();
    if (geodesic !== null) return;
    try {
      await loadScript(library);
      geodesic = window.geodesic;
      if (!bar.hidden) update();
    } catch {
      say("measure", texts.measure_failed, { isError: true });
      stop();
    }
  }

  function start() {
    if (!bar.hidden) {
      stop();
      return;
    }
    openedFrom = document.activeElement;
    onStart();
    // At once: who clicks before the reckoning has loaded means a point, not an answer.
    isAdding = true;
    open();
    // From here the arrow keys and Enter do everything.
    mapElement.focus({ preventScroll: true });
  }

  function stop() {
    if (bar.hidden) return;
    bar.hidden = true;
    isAdding = false;
    points = [];
    map.doubleClickZoom.enable();
    update();
    if (openedFrom?.isConnected) openedFrom.focus({ preventScroll: true });
    openedFrom = null;
  }

  return {
    start,
    /** Show what an address carries; it is looked at, not drawn on. */
    async restore(text) {
      const kept = measureFromText(text);
      if (kept === null) {
        onChange(null);
        return;
      }
      ({ kind, points } = kept);
      await open();
    },
    /** Take a click at `lonLat`, or say that nothing is being measured. */
    take(lonLat) {
      if (!isAdding) return false;
      add(lonLat);
      return true;
    },
    /** Take a key that was pressed on the map, or say that it is not for here. */
    takeKey(key) {
      if (bar.hidden) return false;
      if (key === "Escape") stop();
      else if (key === "Backspace" && isAdding) undo();
      else return false;
      return true;
    },
  };
}
