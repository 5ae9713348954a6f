// Two runs side by side: the earlier one left of a divider, the later one right of it.

import { h } from "./dom.js";
import { makeSpots, makeSurface } from "./layers.js";
import { movedBy } from "./time-steps.js";
import { fill } from "./words.js";

const SURFACE_PANE = "before-surface";
const SPOTS_PANE = "before-spots";
const Z_INDEX = { [SURFACE_PANE]: 201, [SPOTS_PANE]: 411 };
// What is shown right of the divider: the panes of the run that the map shows.
const LATER_PANES = ["tilePane", "spots"];
// Far beyond any screen, in pixels.
const FAR = 100_000;

export function makeSwipe(map, stage, { root, extent, texts, onBusy, onBroken }) {
  for (const name of [SURFACE_PANE, SPOTS_PANE]) {
    const pane = map.createPane(name);
    pane.style.zIndex = Z_INDEX[name];
    pane.style.pointerEvents = "none";
  }
  const surface = makeSurface(map, root, { pane: SURFACE_PANE, extent, onBusy, onBroken });
  const spots = makeSpots(map, { pane: SPOTS_PANE });
  const names = {
    before: h("span", { class: "swipe__name swipe__name--before", "aria-hidden": "true" }),
    after: h("span", { class: "swipe__name swipe__name--after", "aria-hidden": "true" }),
  };
  const divider = h(
    "div",
    {
      class: "swipe",
      role: "slider",
      tabindex: "0",
      "aria-label": texts.time_divider,
      "aria-orientation": "horizontal",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      hidden: true,
    },
    h("span", { class: "swipe__handle", "aria-hidden": "true" }, "⇔"),
    names.before,
    names.after,
  );
  stage.append(divider);
  let share = 0.5;

  function place() {
    const size = map.getSize();
    const x = Math.round(size.x * share);
    // Panes move with the map: what the screen's edge is to them changes as it is dragged.
    const at = map.containerPointToLayerPoint([x, 0]);
    const area = (left, right) =>
      `polygon(${[
        [left, -FAR],
        [right, -FAR],
        [right, FAR],
        [left, FAR],
      ]
        .map((corner) => corner.map((value) => `${value}px`).join(" "))
        .join(", ")})`;
    for (const name of [SURFACE_PANE, SPOTS_PANE])
      map.getPane(name).style.clipPath = area(-FAR, at.x);
    for (const name of LATER_PANES) map.getPane(name).style.clipPath = area(at.x, FAR);
    divider.style.left = `${x}px`;
    const percent = Math.round(share * 100);
    divider.setAttribute("aria-valuenow", String(percent));
    divider.setAttribute(
      "aria-valuetext",
      fill(texts.time_divider_at, {
        percent,
        before: names.before.textContent,
        after: names.after.textContent,
      }),
    );
  }

  function move(next) {
    share = Math.min(1, Math.max(0, next));
    place();
  }
  divider.addEventListener("keydown", (event) => {
    const next = movedBy(event.key, share);
    if (next === null) return;
    event.preventDefault();
    move(next);
  });
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
    divider.focus();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    move((event.clientX - box.left) / box.width);
  });

  function hide() {
    if (divider.hidden) return;
    divider.hidden = true;
    map.off("move zoom zoomend moveend resize viewreset", place);
    surface.setLayer(null);
    spots.setData({ type: "FeatureCollection", features: [] });
    for (const name of LATER_PANES) map.getPane(name).style.clipPath = "";
  }

  return {
    hide,
    /** Show the earlier run `before` left of the divider; its spots come later. */
    show({ before, beforeName, afterName, operator, service }) {
      names.before.textContent = beforeName;
      names.after.textContent = afterName;
      surface.setLayer(before, operator, service);
      if (divider.hidden) {
        divider.hidden = false;
        map.on("move zoom zoomend moveend resize viewreset", place);
      }
      place();
    },
    setSpots: (data) => spots.setData(data),
    setFilter: spots.setFilter,
    setShown(name, value) {
      if (name === "surface") {
        surface.setShown(value);
        spots.setOverSurface(value);
      } else if (name === "unknown") surface.setUnknownShown(value);
      else spots.setShown(value);
    },
  };
}
