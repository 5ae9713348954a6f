// Settlements, public services and sites: the shape says the kind, the fill the state.

import { canvasIn } from "./base.js";
import { painted } from "./dom.js";
import { stateColour } from "./layers.js";
import { toLatLng } from "./lonlat.js";

const { L } = window;

// Corners around (0, 0), in radii.
const SHAPES = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  triangle: [[0, -1.3], [1.2, 1], [-1.2, 1]],
  cross: [
    [-0.45, -1.2], [0.45, -1.2], [0.45, -0.45], [1.2, -0.45], [1.2, 0.45], [0.45, 0.45],
    [0.45, 1.2], [-0.45, 1.2], [-0.45, 0.45], [-1.2, 0.45], [-1.2, -0.45], [-0.45, -0.45],
  ],
  tower: [[0, -1.6], [1.1, 1.2], [-1.1, 1.2]],
};
const KINDS = {
  settlement: "circle",
  school: "square",
  health_centre: "cross",
  village_office: "triangle",
  worship: "diamond",
  other: "diamond",
  bts: "tower",
  repeater: "diamond",
  vsat: "square",
};
// Told apart without colour: filled, hollow, or with a mark within.
const STATE_MARKS = {
  covered: { filled: true },
  weak: { filled: true, mark: "dot" },
  likely_blank: { filled: true, mark: "bar" },
  blank: { filled: true, mark: "cross" },
  unknown: { filled: false, dashed: true },
};
const SITE_COLOUR = "#17324d";
const STATUS_MARKS = {
  on_air: { filled: true },
  built: { filled: false, mark: "dot" },
  planned: { filled: false, dashed: true },
  off_air: { filled: false, mark: "cross" },
  not_known: { filled: false },
};

function trace(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 2 * Math.PI);
  else {
    SHAPES[shape].forEach(([dx, dy], n) => {
      if (n === 0) context.moveTo(x + dx * r, y + dy * r);
      else context.lineTo(x + dx * r, y + dy * r);
    });
    context.closePath();
  }
}

function paintMark(context, mark, x, y, r) {
  context.beginPath();
  if (mark === "dot") context.arc(x, y, r * 0.35, 0, 2 * Math.PI);
  else {
    const reach = r * 0.6;
    context.moveTo(x - reach, y - reach);
    context.lineTo(x + reach, y + reach);
    if (mark === "cross") {
      context.moveTo(x + reach, y - reach);
      context.lineTo(x - reach, y + reach);
    }
  }
  if (mark === "dot") context.fill();
  else context.stroke();
}

/** Draw one sign at (x, y); also for the legend. */
export function paintSign(context, { shape, colour, ink, filled, dashed, mark }, x, y, r) {
  context.save();
  trace(context, shape, x, y, r);
  context.fillStyle = filled ? colour : "#fff";
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = ink;
  if (dashed) context.setLineDash([2, 2]);
  context.stroke();
  context.setLineDash([]);
  context.strokeStyle = filled ? "#fff" : ink;
  context.fillStyle = filled ? "#fff" : ink;
  if (mark) paintMark(context, mark, x, y, r);
  context.restore();
}

// Leaflet knows circles only; its canvas asks each layer to draw itself.
const Sign = L.CircleMarker.extend({
  _updatePath() {
    const { _renderer: renderer, _point: point } = this;
    if (!renderer._drawing || this._empty()) return;
    paintSign(renderer._ctx, this.options.sign, point.x, point.y, this._radius);
  },
});

export const placeSign = (kind, state) => ({
  shape: KINDS[kind] ?? "circle",
  colour: stateColour(state),
  ink: "#16262a",
  ...STATE_MARKS[state],
});

export const siteSign = ({ kind, status }) => ({
  shape: KINDS[kind],
  colour: SITE_COLOUR,
  ink: SITE_COLOUR,
  ...STATUS_MARKS[status],
});

const SIGN_RADIUS = 5;

/**
 * Points of one kind, fetched when first shown. `sign` tells how one is drawn, given
 * what `loadStates` told for the present layer.
 */
export function makePlaces(map, { load, loadStates, sign, passes }) {
  const renderer = canvasIn("points");
  const group = L.layerGroup();
  let features = null;
  let shown = [];
  let states = {};
  let isShown = false;
  let question = null;

  function draw() {
    group.clearLayers();
    if (!isShown || !features) return;
    shown = features.filter(({ properties }) => passes(properties));
    for (const feature of shown) {
      new Sign(toLatLng(feature.geometry.coordinates), {
        pane: "points",
        renderer,
        interactive: false,
        radius: SIGN_RADIUS,
        sign: sign(feature.properties, states),
      }).addTo(group);
    }
  }

  async function refresh() {
    if (!isShown) return;
    const asked = question;
    const [data, told] = await Promise.all([
      features ?? load(),
      asked && loadStates ? loadStates(asked) : null,
    ]);
    await painted();
    if (asked !== question) return;
    features ??= data.features.filter((feature) => feature.geometry);
    states = told ?? {};
    draw();
  }

  return {
    /** Another layer or run: the same places in other states. */
    setQuestion(next) {
      question = next;
      return refresh();
    },
    draw,
    setShown(value) {
      isShown = value;
      if (value) {
        group.addTo(map);
        return refresh();
      }
      group.clearLayers();
      group.remove();
      return null;
    },
    get features() {
      return isShown ? shown : [];
    },
    stateOf: (id) => states[id] ?? null,
    get hiddenDemo() {
      if (!isShown || !features) return 0;
      return features.filter(({ properties: p }) => p.is_demo && !passes(p)).length;
    },
  };
}
