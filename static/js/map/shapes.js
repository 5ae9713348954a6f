// Many polygons of few styles as ONE layer of the map. Leaflet makes a layer of every
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

/** A ring in whole pixels, without points that fall onto the one before. */
function pixelsOf(world, scale, origin) {
  const pixels = new Int32Array(world.length);
  let kept = 0;
  for (let n = 0; n < world.length; n += 2) {
    const x = Math.round(world[n] * scale - origin.x);
    const y = Math.round(world[n + 1] * scale - origin.y);
    if (kept === 0 || x !== pixels[kept - 2] || y !== pixels[kept - 1]) {
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

/** As an outline; `isCut`: without what lies wholly to one side, as dashes cost. */
function traceLine(context, ring, { min, max }, isCut) {
  if (!isCut) {
    traceArea(context, ring);
    return;
  }
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

/** What draws on a canvas, as the text of an SVG path: in steps, which are short. */
class PathText {
  text = "";
  x = 0;
  y = 0;
  isMoved = false;
  moveTo(x, y) {
    this.text += `M${x} ${y}`;
    this.isMoved = true;
    this.x = x;
    this.y = y;
  }
  lineTo(x, y) {
    this.text += `${this.isMoved ? "l" : " "}${x - this.x} ${y - this.y}`;
    this.isMoved = false;
    this.x = x;
    this.y = y;
  }
  closePath() {
    this.text += "z";
  }
}

// From this zoom on only what is near the view is drawn: the rest is far outside.
const NEAR_ZOOM = 11;

const Shapes = L.Path.extend({
  initialize(features, { pane, renderer, style, areDisjoint = false }) {
    L.setOptions(this, { pane, renderer, interactive: false });
    this._style = style;
    this._areDisjoint = areDisjoint;
    this._shapes = new Map();
    for (const feature of features) this._take(feature);
    this._groups = null;
    this._isStale = true;
  },

  /** Another style for all of them. */
  setStyle(style) {
    this._style = style;
    this._groups = null;
    this._requestDrawing();
    return this;
  },

  /** Those of these features that are here have another geometry now. */
  reshape(features) {
    const own = features.filter((feature) => this._shapes.has(feature));
    if (own.length === 0) return;
    for (const feature of own) this._take(feature);
    this._groups = null;
    this._isStale = true;
    this._requestDrawing();
  },

  _take(feature) {
    if (!feature.geometry) return;
    this._shapes.set(feature, {
      world: polygonsOf(feature.geometry).flat().map(worldOf),
      rings: null,
      box: null,
    });
  },

  // Leaflet asks for it whenever the zoom changes: done when next drawn.
  _project() {
    this._isStale = true;
  },

  /** The styles there are, and the shapes of each with their pixels. */
  _drawable() {
    if (this._isStale) {
      const origin = this._map.getPixelOrigin();
      const scale = 256 * 2 ** this._map.getZoom();
      for (const shape of this._shapes.values()) {
        shape.rings = shape.world.map((ring) => pixelsOf(ring, scale, origin));
        shape.box = boxOf(shape.rings);
      }
      this._isStale = false;
    }
    this._groups ??= this._grouped();
    const { _bounds: bounds } = this._renderer;
    const isNear = this._map.getZoom() >= NEAR_ZOOM;
    return this._groups.map(({ style, shapes }) => ({
      style,
      shapes: isNear ? shapes.filter(({ box }) => boxesMeet(box, bounds)) : shapes,
    }));
  },

  _grouped() {
    const groups = new Map();
    for (const [feature, shape] of this._shapes) {
      const style = this._style(feature);
      if (!style.fill && !style.stroke) continue;
      const key = keyOf(style);
      if (!groups.has(key)) groups.set(key, { style, shapes: [] });
      groups.get(key).shapes.push(shape);
    }
    return [...groups.values()];
  },
});

// A frame draws no longer than this, so that the reader is answered in between.
const FRAME_MS = 8;
const waiting = new Set();
let frame = null;

/** Draw again, after what waits already. */
function drawSoon(shapes) {
  waiting.add(shapes);
  frame ??= window.requestAnimationFrame(drawWaiting);
}

function drawWaiting() {
  const end = performance.now() + FRAME_MS;
  for (const shapes of waiting) {
    waiting.delete(shapes);
    if (shapes._map) shapes._draw();
    if (performance.now() > end) break;
  }
  frame = waiting.size > 0 ? window.requestAnimationFrame(drawWaiting) : null;
}

/** Drawn by the browser beside the page's own work: for what every reader sees. */
const SvgShapes = Shapes.extend({
  onAdd() {
    this._renderer._initPath(this);
    this._path = L.SVG.create("g");
    this._reset();
    this._renderer._addPath(this);
  },

  _requestDrawing() {
    if (this._map) drawSoon(this);
  },

  _update() {
    // A movement shows what is drawn already, but for close by.
    if (this._isStale || this._map.getZoom() >= NEAR_ZOOM) this._draw();
  },

  _draw() {
    this._path.replaceChildren(
      ...this._drawable().flatMap(({ style, shapes }) =>
        style.fill && !this._areDisjoint
          ? shapes.map((shape) => this._element(style, [shape]))
          : [this._element(style, shapes)],
      ),
    );
  },

  _element(style, shapes) {
    const path = new PathText();
    for (const { rings } of shapes) {
      for (const ring of rings) {
        if (style.fill) traceArea(path, ring);
        else traceLine(path, ring, this._renderer._bounds, this._map.getZoom() >= NEAR_ZOOM);
      }
    }
    const element = L.SVG.create("path");
    const attributes = {
      d: path.text,
      fill: style.fill ? style.fillColor : "none",
      "fill-opacity": style.fillOpacity,
      "fill-rule": "evenodd",
      stroke: style.stroke ? style.color : "none",
      "stroke-opacity": style.opacity,
      "stroke-width": style.weight,
      "stroke-dasharray": style.dashArray?.join(" "),
      "stroke-linejoin": "round",
      "stroke-linecap": "round",
    };
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) element.setAttribute(name, value);
    }
    return element;
  },
});

/** Drawn on a canvas, which knows patterns, and does not mind many styles. */
const CanvasShapes = Shapes.extend({
  _requestDrawing() {
    if (this._map) this._renderer._requestRedraw(this);
  },

  _update() {
    // The whole canvas: what Leaflet would clear and draw again of this layer.
    this._pxBounds = this._renderer._bounds;
  },

  _updatePath() {
    const { _ctx: context, _bounds: bounds, _drawing: isDrawing } = this._renderer;
    if (!isDrawing) return;
    for (const { style, shapes } of this._drawable()) {
      if (style.fill) this._fill(context, style, shapes);
      if (style.stroke) this._stroke(context, style, shapes, bounds);
    }
  },

  _fill(context, style, shapes) {
    context.globalAlpha = style.fillOpacity;
    context.fillStyle = style.fillColor;
    context.beginPath();
    for (const { rings } of shapes) {
      for (const ring of rings) traceArea(context, ring);
      if (this._areDisjoint) continue;
      context.fill("evenodd");
      context.beginPath();
    }
    if (this._areDisjoint) context.fill("evenodd");
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
      for (const ring of rings) traceLine(context, ring, bounds, true);
    }
    context.stroke();
  },
});

/**
 * Draw GeoJSON features, which nobody can click, on `renderer`. `style(feature)` answers
 * Leaflet's options of a path, always the same ones. Features of one style are drawn
 * together; filled together where `areDisjoint` (no feature lies over another).
 */
export const makeShapes = (features, options) =>
  new (options.renderer instanceof L.SVG ? SvgShapes : CanvasShapes)(features, options);
