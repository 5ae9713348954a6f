// Many polygons of few styles as ONE layer of a canvas. Leaflet makes a layer of every
// polygon; two thousand of those take a second to make and to move.

const { L } = window;

const QUARTER = Math.PI / 4;
// Where web maps end; beyond it the projection has no end.
const MOST_NORTHERN = 85.0511287798;

/** Web Mercator from 0 to 1, from the north-west corner of the world. */
function worldOf(ring) {
  const world = new Float64Array(ring.length * 2);
  ring.forEach(([lon, lat], n) => {
    const north = Math.max(-MOST_NORTHERN, Math.min(MOST_NORTHERN, lat));
    const radians = (north * Math.PI) / 180;
    world[2 * n] = lon / 360 + 0.5;
    world[2 * n + 1] = 0.5 - Math.log(Math.tan(QUARTER + radians / 2)) / (2 * Math.PI);
  });
  return world;
}

const polygonsOf = ({ type, coordinates }) =>
  type === "MultiPolygon" ? coordinates : type === "Polygon" ? [coordinates] : [];

/** The rings of a feature in pixels, without points that fall onto the one before. */
function pixelsOf(world, scale, origin) {
  const pixels = new Float32Array(world.length);
  let kept = 0;
  for (let n = 0; n < world.length; n += 2) {
    const x = world[n] * scale - origin.x;
    const y = world[n + 1] * scale - origin.y;
    const isFirst = kept === 0;
    if (
      isFirst ||
      Math.abs(x - pixels[kept - 2]) >= 1 ||
      Math.abs(y - pixels[kept - 1]) >= 1
    ) {
      pixels[kept] = x;
      pixels[kept + 1] = y;
      kept += 2;
    }
  }
  return pixels.subarray(0, kept);
}

function boxOf(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let n = 0; n < ring.length; n += 2) {
      box[0] = Math.min(box[0], ring[n]);
      box[1] = Math.min(box[1], ring[n + 1]);
      box[2] = Math.max(box[2], ring[n]);
      box[3] = Math.max(box[3], ring[n + 1]);
    }
  }
  return box;
}

const boxesMeet = (box, { min, max }) =>
  box[0] <= max.x && min.x <= box[2] && box[1] <= max.y && min.y <= box[3];

function traceArea(context, ring) {
  for (let n = 0; n < ring.length; n += 2) {
    if (n === 0) context.moveTo(ring[n], ring[n + 1]);
    else context.lineTo(ring[n], ring[n + 1]);
  }
  context.closePath();
}

/** As an outline; what lies wholly to one side of the canvas is left out, as dashes cost. */
function traceLine(context, ring, { min, max }) {
  let isDown = false;
  const last = ring.length - 2;
  for (let n = 0; n < ring.length; n += 2) {
    const [x, y] = [ring[n], ring[n + 1]];
    const m = n === last ? 0 : n + 2;
    const [nextX, nextY] = [ring[m], ring[m + 1]];
    const isBeside =
      (x < min.x && nextX < min.x) ||
      (x > max.x && nextX > max.x) ||
      (y < min.y && nextY < min.y) ||
      (y > max.y && nextY > max.y);
    if (!isBeside) {
      if (!isDown) context.moveTo(x, y);
      context.lineTo(nextX, nextY);
    }
    isDown = !isBeside;
  }
}

const numbers = new WeakMap();
let lastNumber = 0;
/** A word that two styles share when they look the same; patterns are themselves. */
const keyOf = (style) =>
  Object.values(style)
    .map((value) => {
      if (typeof value !== "object" || value === null) return value;
      if (Array.isArray(value)) return value.join();
      if (!numbers.has(value)) numbers.set(value, (lastNumber += 1));
      return `#${numbers.get(value)}`;
    })
    .join("|");

/**
 * `style(feature)` answers Leaflet's options of a path, always the same ones. Those of one
 * style are outlined together, and where `areDisjoint` (no feature lies over another)
 * filled together.
 */
const Shapes = L.Path.extend({
  initialize(features, { pane, renderer, style, areDisjoint = false }) {
    L.setOptions(this, { pane, renderer, interactive: false });
    this._style = style;
    this._areDisjoint = areDisjoint;
    this._shapes = new Map();
    for (const feature of features) this._take(feature);
    this._groups = null;
  },

  /** Another style for all of them. */
  setStyle(style) {
    this._style = style;
    this._groups = null;
    if (this._map) this._renderer._requestRedraw(this);
    return this;
  },

  /** These features have another geometry now. */
  reshape(features) {
    for (const feature of features) this._take(feature);
    this._groups = null;
    this.redraw();
  },

  _take(feature) {
    if (!feature.geometry) return;
    this._shapes.set(feature, {
      world: polygonsOf(feature.geometry).flat().map(worldOf),
      rings: null,
      box: null,
    });
  },

  // Asked for whenever the zoom changes: done when next drawn, as more may change by then.
  _project() {
    this._isStale = true;
  },

  _update() {
    // The whole canvas: what Leaflet would clear and draw again of this layer.
    this._pxBounds = this._renderer._bounds;
  },

  _place() {
    const origin = this._map.getPixelOrigin();
    const scale = 256 * 2 ** this._map.getZoom();
    for (const shape of this._shapes.values()) {
      shape.rings = shape.world.map((ring) => pixelsOf(ring, scale, origin));
      shape.box = boxOf(shape.rings);
    }
    this._isStale = false;
  },

  _group() {
    const groups = new Map();
    for (const [feature, shape] of this._shapes) {
      const style = this._style(feature);
      if (!style.fill && !style.stroke) continue;
      const key = keyOf(style);
      if (!groups.has(key)) groups.set(key, { style, shapes: [] });
      groups.get(key).shapes.push(shape);
    }
    this._groups = [...groups.values()];
  },

  _updatePath() {
    const { _ctx: context, _bounds: bounds, _drawing: isDrawing } = this._renderer;
    if (!isDrawing) return;
    if (this._isStale) this._place();
    if (this._groups === null) this._group();
    for (const { style, shapes } of this._groups) {
      const inView = shapes.filter(({ box }) => boxesMeet(box, bounds));
      if (style.fill) this._fill(context, style, inView);
      if (style.stroke) this._stroke(context, style, inView, bounds);
    }
  },

  _fill(context, style, shapes) {
    context.globalAlpha = style.fillOpacity;
    context.fillStyle = style.fillColor;
    const fill = () => context.fill("evenodd");
    context.beginPath();
    for (const { rings } of shapes) {
      for (const ring of rings) traceArea(context, ring);
      if (this._areDisjoint) continue;
      fill();
      context.beginPath();
    }
    if (this._areDisjoint) fill();
  },

  _stroke(context, style, shapes, bounds) {
    context.globalAlpha = style.opacity ?? 1;
    context.strokeStyle = style.color;
    context.lineWidth = style.weight;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.setLineDash(style.dashArray ?? []);
    context.beginPath();
    for (const { rings } of shapes) {
      for (const ring of rings) traceLine(context, ring, bounds);
    }
    context.stroke();
  },
});

/** Draw GeoJSON features, which nobody can click, on the canvas `renderer`. */
export const makeShapes = (features, options) => new Shapes(features, options);
