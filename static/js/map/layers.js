// What a run says: the signal surface and the blank spots; and the points on top.

import { svgIn } from "./base.js";
import { extentOf, indexFeatures } from "./geometry.js";
import { h, pause } from "./dom.js";
import { toCorners, toExtent, toLatLng } from "./lonlat.js";
import { makeShapes } from "./shapes.js";

const { L } = window;

// Above this the server would only enlarge what it has.
const SURFACE_NATIVE_ZOOM = 16;
// From this zoom on a blank spot's sketch is too coarse.
const NEAR_ZOOM = 11;

const colours = new Map();
/** Take a colour from the style sheet, where it stands once. */
export function stateColour(state) {
  if (!colours.has(state)) {
    const name = `--state-${state.replace("_", "-")}`;
    const style = getComputedStyle(document.documentElement);
    colours.set(state, style.getPropertyValue(name).trim());
  }
  return colours.get(state);
}

/**
 * Surface tiles of one layer; the old ones stay until the new ones are there. `extent()`
 * is where there may be any.
 */
export function makeSurface(
  map,
  root,
  { onBroken, onBusy, onDrawn = () => {}, pane = "tilePane", extent },
) {
  let shown = null;
  let coming = null;
  let isShown = true;
  let isUnknownShown = true;
  let address = null;
  let wanted = null;

  /** Of the states that are known and of what nobody measured, which are drawn. */
  function part() {
    if (isShown) return isUnknownShown ? "" : "?part=known";
    return isUnknownShown ? "?part=unknown" : null;
  }

  function put() {
    const next = address && part() !== null ? address + part() : null;
    if (next === wanted) return;
    wanted = next;
    if (coming) coming.remove();
    coming = null;
    if (wanted === null) {
      if (shown) shown.remove();
      shown = null;
      return;
    }
    const layer = L.tileLayer(wanted, {
      pane,
      minZoom: map.getMinZoom(),
      maxZoom: map.getMaxZoom(),
      maxNativeZoom: SURFACE_NATIVE_ZOOM,
      // Elsewhere there is nothing to draw.
      bounds: toCorners(extent()),
      className: "surface-tiles",
    });
    coming = layer;
    const again = () => layer.redraw();
    layer.on("loading", () => onBusy(true));
    layer.on("tileerror", async ({ tile }) => {
      // Outside the regency the server answers that there is nothing to draw, which
      // a browser takes for a broken picture.
      const isThere = await fetch(tile.src).then(
        (response) => response.ok,
        () => false,
      );
      if (!isThere) onBroken(again);
    });
    layer.on("load", () => {
      onBusy(false);
      onDrawn();
      if (coming !== layer) return;
      if (shown) shown.remove();
      shown = layer;
      coming = null;
    });
    layer.on("remove", () => onBusy(false));
    layer.addTo(map);
  }

  return {
    setLayer(run, operator, service) {
      const next = run === null ? null : `${root}${run}/${operator}/${service}/{z}/{x}/{y}.png`;
      if (next === address) return;
      address = next;
      put();
    },
    setShown(value) {
      isShown = value;
      put();
    },
    setUnknownShown(value) {
      isUnknownShown = value;
      put();
    },
  };
}

// Below this zoom a full outline would hide what it surrounds.
const OUTLINE_ZOOM = 9.5;
// Between no confidence and full confidence.
const LOOKS = 40;
// So many are drawn in one piece of work.
const AT_ONCE = 200;

/**
 * Colour says the state, opacity and outline how sure it is. Over the surface,
 * which has the colour already, the fill only deepens it.
 */
function spotStyle({ state, confidence: exact }, { isOverSurface, zoom }) {
  const isFar = zoom < OUTLINE_ZOOM;
  // In steps that the eye cannot tell: spots of one look are drawn together.
  const confidence = Math.round(exact * LOOKS) / LOOKS;
  return {
    stroke: true,
    fill: true,
    fillColor: stateColour(state),
    fillOpacity: isOverSurface ? 0.25 * confidence : 0.15 + 0.65 * confidence,
    color: state === "blank" ? "#5d1206" : "#7a4b00",
    weight: (exact >= 0.8 ? 2.2 : 1.2) * (isFar ? 0.4 : 1),
    opacity: 0.4 + 0.6 * confidence,
    dashArray: state === "blank" || isFar ? null : [5, 3],
  };
}

/**
 * Blank spots of one layer. They come as sketches; `loadNear(extent)` brings those in
 * view in detail.
 */
export function makeSpots(map, { loadNear = null, pane = "spots" } = {}) {
  const renderer = svgIn(pane);
  const group = L.layerGroup().addTo(map);
  let layers = [];
  let coming = null;
  let isShown = true;
  let isOverSurface = true;
  let isFar = null;
  let index = [];
  let passing = [];
  let passes = () => true;
  const HIDDEN = { stroke: false, fill: false };
  const style = (feature) =>
    passes(feature.properties)
      ? spotStyle(feature.properties, { isOverSurface, zoom: map.getZoom() })
      : HIDDEN;

  map.on("zoomend", () => {
    const wasFar = isFar;
    isFar = map.getZoom() < OUTLINE_ZOOM;
    if (isFar !== wasFar) restyle();
  });

  function restyle() {
    for (const layer of layers) layer.setStyle(style);
  }

  async function refine() {
    if (!loadNear || !isShown || layers.length === 0 || map.getZoom() < NEAR_ZOOM) return;
    const bounds = map.getBounds();
    const inView = passing.filter(
      ({ extent, isRefined }) => !isRefined && bounds.intersects(toCorners(extent)),
    );
    if (inView.length === 0) return;
    const of = layers;
    const near = await loadNear(toExtent(bounds.pad(0.2)));
    // Another layer may have taken the place of this one.
    if (!near || of !== layers) return;
    const entries = new Map(index.map((entry) => [entry.feature.properties.id, entry]));
    const refined = [];
    for (const { properties, geometry } of near.features) {
      const entry = entries.get(properties.id);
      if (!entry || entry.isRefined) continue;
      entry.isRefined = true;
      entry.feature.geometry = geometry;
      entry.extent = extentOf(geometry);
      refined.push(entry.feature);
    }
    for (const layer of layers) layer.reshape(refined);
  }
  map.on("moveend", refine);

  function filterIndex() {
    passing = index.filter(({ feature }) => passes(feature.properties));
  }

  return {
    /** Show other spots; false where still others came in the meantime. */
    async setData({ features }) {
      coming = features;
      // Smallest first: where a click meets two, the smaller is meant.
      const indexed = indexFeatures(features).sort(
        (a, b) => a.feature.properties.area_km2 - b.feature.properties.area_km2,
      );
      await pause();
      if (coming !== features) return false;
      group.clearLayers();
      layers = [];
      index = indexed;
      filterIndex();
      for (let n = 0; n < features.length; n += AT_ONCE) {
        const some = features.slice(n, n + AT_ONCE);
        const layer = makeShapes(some, { pane, renderer, style, areDisjoint: true });
        layers.push(layer);
        group.addLayer(layer);
        await pause();
        if (coming !== features) return false;
      }
      refine();
      return true;
    },
    /** Show those that `test(properties)` is true for. */
    setFilter(test) {
      passes = test;
      filterIndex();
      restyle();
      refine();
    },
    setOverSurface(value) {
      isOverSurface = value;
      restyle();
    },
    setShown(value) {
      isShown = value;
      if (value) {
        group.addTo(map);
        refine();
      } else group.remove();
    },
    /** Spots that can be seen, for clicks and lists. */
    get index() {
      return isShown ? passing : [];
    },
    /** Every spot of the layer, whatever the filters hide. */
    get all() {
      return index.map(({ feature }) => feature.properties);
    },
    find: (id) => index.find(({ feature }) => feature.properties.id === id)?.feature,
  };
}

const officialIcon = () =>
  L.divIcon({
    className: "official-icon",
    iconSize: [22, 22],
    iconAnchor: [11, 11],
    html: h("span"),
  });

/** Points from one address, fetched when first shown. */
export function makePoints(map, { load, makeMarker }) {
  let features = null;
  let group = null;
  let isShown = false;
  return {
    async setShown(value) {
      isShown = value;
      if (!value) {
        if (group) group.remove();
        return;
      }
      if (features === null) {
        features = (await load()).features.filter((feature) => feature.geometry);
        group = L.layerGroup(features.map(makeMarker));
      }
      if (isShown) group.addTo(map);
    },
    get features() {
      return isShown && features ? features : [];
    },
  };
}

export const officialMarker = (feature) =>
  L.marker(toLatLng(feature.geometry.coordinates), {
    pane: "points",
    icon: officialIcon(),
    interactive: false,
    keyboard: false,
  });

/** The one layer that comes from elsewhere; without it the map is whole. */
export function makeOsm(map, address, onBroken) {
  if (!address) return null;
  const layer = L.tileLayer(address, {
    pane: "osm",
    maxNativeZoom: 19,
    maxZoom: map.getMaxZoom(),
    attribution: "© OpenStreetMap",
    // OpenStreetMap asks to be told which site its tiles are shown on.
    referrerPolicy: "strict-origin-when-cross-origin",
  });
  layer.on("tileerror", ({ tile }) => {
    // A tile that failed is nothing, not a broken picture.
    tile.hidden = true;
    onBroken();
  });
  return {
    setShown(value) {
      if (value) layer.addTo(map);
      else layer.remove();
    },
  };
}
