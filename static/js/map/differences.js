// What lies between two runs, drawn: each change in a colour and a hatch of its own, so
// that they are told apart without colours too.

import { canvasIn } from "./base.js";
import { makeShapes } from "./shapes.js";

const PANE = "differences";
const Z_INDEX = 415;
const SIDE_PX = 8;

// Colours of Okabe and Ito, which colour-blind readers tell apart; time.css has them
// for the legend. Lines of each hatch in a square of eight pixels: x, y to x, y.
const LOOKS = {
  newly_covered: { colour: "#0072b2", lines: null },
  newly_blank: { colour: "#d55e00", lines: [[0, 0, 8, 8], [0, 8, 8, 0]] },
  better_sign: { colour: "#1c86c7", lines: [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]] },
  worse_sign: { colour: "#b36b00", lines: [[-2, 6, 2, 10], [0, 0, 8, 8], [6, -2, 10, 2]] },
  newly_measured: { colour: "#a0307a", lines: [[4, 3, 4, 5]] },
  unknown_again: { colour: "#4d5b60", lines: [[0, 4, 8, 4]] },
};

function hatch({ colour, lines }) {
  if (!lines) return colour;
  const tile = document.createElement("canvas");
  tile.width = SIDE_PX;
  tile.height = SIDE_PX;
  const context = tile.getContext("2d");
  context.strokeStyle = colour;
  context.lineWidth = 2;
  for (const [x1, y1, x2, y2] of lines) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
  return context.createPattern(tile, "repeat");
}

export function makeDifferences(map) {
  const pane = map.createPane(PANE);
  pane.style.zIndex = Z_INDEX;
  pane.style.pointerEvents = "none";
  const renderer = canvasIn(PANE);
  const fills = {};
  const fillOf = (change) => (fills[change] ??= hatch(LOOKS[change]));
  let layer = null;

  const style = ({ properties: { change } }) => ({
    stroke: true,
    fill: true,
    color: LOOKS[change].colour,
    weight: change === "newly_covered" || change === "newly_blank" ? 2 : 1,
    opacity: 0.95,
    fillColor: fillOf(change),
    fillOpacity: LOOKS[change].lines ? 0.9 : 0.65,
  });

  return {
    /** Draw the polygons of `data` but for the changes in `without`; null for none. */
    show(data, without = []) {
      layer?.remove();
      layer = null;
      if (data === null) return;
      const features = data.features.filter(
        ({ properties: { change } }) => !without.includes(change),
      );
      layer = makeShapes(features, { pane: PANE, renderer, style }).addTo(map);
    },
  };
}
