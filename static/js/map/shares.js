// Villages coloured by the share of their settlements that are covered.

import { canvasIn } from "./base.js";
import { classColour, shareOf } from "./counts.js";
import { passesVillage } from "./filters.js";
import { makeShapes } from "./shapes.js";

function pattern(paint, size = 8) {
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const context = tile.getContext("2d");
  paint(context, size);
  return context.createPattern(tile, "repeat");
}

/** Slanted stripes: the village's own point speaks for it. */
const striped = (colour) =>
  pattern((context, size) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size, size);
    context.strokeStyle = colour;
    context.lineWidth = 4;
    for (const at of [-size, 0, size]) {
      context.beginPath();
      context.moveTo(at - 2, size + 2);
      context.lineTo(at + size + 2, -2);
      context.stroke();
    }
  });

/** Grey dots: of most settlements nobody knows. */
const dotted = () =>
  pattern((context, size) => {
    context.fillStyle = "#e6e9ea";
    context.fillRect(0, 0, size, size);
    context.fillStyle = "#7c848c";
    context.fillRect(1, 1, 2, 2);
    context.fillRect(5, 5, 2, 2);
  });

export function makeShares(map, { load }) {
  const renderer = canvasIn("shares");
  const stripes = new Map();
  let dots = null;
  let isShown = false;
  let boundaries = null;
  let layer = null;
  let shares = {};
  let shownKey = null;
  let question = null;
  let filters = null;

  function fillFor(share) {
    if (share.isMostlyUnknown) return dots;
    const colour = classColour(share.share);
    if (!share.isStandIn) return colour;
    if (!stripes.has(colour)) stripes.set(colour, striped(colour));
    return stripes.get(colour);
  }

  const style = ({ properties: { code } }) => {
    dots ??= dotted();
    // Of a village that the run says nothing about nobody knows anything.
    const share = shareOf(shares[code]);
    const isIn = !filters || passesVillage(code, filters);
    return {
      stroke: isIn,
      color: "#41525a",
      weight: 0.8,
      fill: isIn,
      fillColor: share ? fillFor(share) : dots,
      fillOpacity: 0.9,
    };
  };

  function draw() {
    layer?.remove();
    layer = null;
    if (!isShown || !boundaries) return;
    const options = { pane: "shares", renderer, style };
    layer = makeShapes(boundaries.features, options).addTo(map);
  }

  async function refresh() {
    if (!isShown || !question) return;
    const key = JSON.stringify(question);
    if (key !== shownKey) {
      const data = await load(question);
      if (!data || key !== JSON.stringify(question)) return;
      shares = data.villages;
      shownKey = key;
    }
    draw();
  }

  return {
    setBoundaries(data) {
      boundaries = data;
      draw();
    },
    setQuestion(next) {
      question = next;
      return refresh();
    },
    setFilters(next) {
      filters = next;
      layer?.setStyle(style);
    },
    setShown(value) {
      isShown = value;
      if (value) return refresh();
      draw();
      return null;
    },
    of: (code) => (isShown ? shareOf(shares[code]) : null),
  };
}
