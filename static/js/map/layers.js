// What a run says: the signal surface and the blank spots; and the points on top.

import { canvasIn, drawn } from "./base.js";
import { clusterPoints, indexFeatures } from "./geometry.js";
import { h } from "./dom.js";
import { toExtent, toLatLng } from "./lonlat.js";

const { L } = window;

// Above this the server would only enlarge what it has.
const SURFACE_NATIVE_ZOOM = 16;
const REPORTS_AT_ONCE = 2000;
// Reports nearer to each other than this are drawn as one circle with a number.
const CLUSTER_PX = 44;
// Few points need no grouping.
const CLUSTER_FROM = 150;

/** Take a colour from the style sheet, where it stands once. */
const stateColour = (state) =>
  getComputedStyle(document.documentElement)
    .getPropertyValue(`--state-${state.replace("_", "-")}`)
    .trim();

/** Surface tiles of one layer; the old ones stay until the new ones are there. */
export function makeSurface(map, root, { onBroken, onBusy, pane = "tilePane" }) {
  let shown = null;
  let coming = null;
  let isShown = true;
  let address = null;

  function put() {
    if (coming) coming.remove();
    coming = null;
    if (!address || !isShown) {
      if (shown) shown.remove();
      shown = null;
      return;
    }
    const layer = L.tileLayer(address, {
      pane,
      minZoom: map.getMinZoom(),
      maxZoom: map.getMaxZoom(),
      maxNativeZoom: SURFACE_NATIVE_ZOOM,
      className: "surface-tiles",
    });
    coming = layer;
    layer.on("loading", () => onBusy(true));
    layer.on("tileerror", async ({ tile }) => {
      // Outside the regency the server answers that there is nothing to draw, which
      // a browser takes for a broken picture.
      const isThere = await fetch(tile.src).then(
        (response) => response.ok,
        () => false,
      );
      if (!isThere) onBroken();
    });
    layer.on("load", () => {
      onBusy(false);
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
      if (value === isShown) return;
      isShown = value;
      put();
    },
  };
}

// Below this zoom a full outline would hide what it surrounds.
const OUTLINE_ZOOM = 9.5;

/**
 * Colour says the state, opacity and outline how sure it is. Over the surface,
 * which has the colour already, the fill only deepens it.
 */
export function spotStyle({ state, confidence }, { isOverSurface, zoom }) {
  const isFar = zoom < OUTLINE_ZOOM;
  return {
    fillColor: stateColour(state),
    fillOpacity: isOverSurface ? 0.25 * confidence : 0.15 + 0.65 * confidence,
    color: state === "blank" ? "#5d1206" : "#7a4b00",
    weight: (confidence >= 0.8 ? 2.2 : 1.2) * (isFar ? 0.4 : 1),
    opacity: 0.4 + 0.6 * confidence,
    dashArray: state === "blank" || isFar ? null : "5 3",
  };
}

export function makeSpots(map, { pane = "spots" } = {}) {
  const renderer = canvasIn(pane);
  let layer = null;
  let isShown = true;
  let isOverSurface = true;
  let isFar = null;
  let index = [];
  const style = (feature) =>
    spotStyle(feature.properties, { isOverSurface, zoom: map.getZoom() });

  map.on("zoomend", () => {
    const wasFar = isFar;
    isFar = map.getZoom() < OUTLINE_ZOOM;
    if (layer && isFar !== wasFar) layer.setStyle(style);
  });

  return {
    setData(data) {
      const next = drawn(data, pane, renderer, style);
      if (layer) layer.remove();
      layer = next;
      // Smallest first: where a click meets two, the smaller is meant.
      index = indexFeatures(data.features).sort(
        (a, b) => a.feature.properties.area_km2 - b.feature.properties.area_km2,
      );
      if (isShown) layer.addTo(map);
    },
    setOverSurface(value) {
      isOverSurface = value;
      if (layer) layer.setStyle(style);
    },
    setShown(value) {
      isShown = value;
      if (!layer) return;
      if (value) layer.addTo(map);
      else layer.remove();
    },
    /** Spots that can be seen, for clicks and lists. */
    get index() {
      return isShown ? index : [];
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

// Hollow and filled, so that the two are told apart without their colours.
const POINT_STYLES = {
  settlement: { radius: 4, color: "#23383d", weight: 2, fillColor: "#fff", fillOpacity: 1 },
  facility: { radius: 4, color: "#fff", weight: 1.5, fillColor: "#274b8f", fillOpacity: 1 },
};

export function pointMarkers(kind) {
  const renderer = canvasIn("points");
  return (feature) =>
    L.circleMarker(toLatLng(feature.geometry.coordinates), {
      pane: "points",
      renderer,
      interactive: false,
      ...POINT_STYLES[kind],
    });
}

// No signal is the darkest and largest, so that it stands out in grey as well.
const REPORT_STYLES = {
  no_service: { colour: "#1d0803", radius: 6 },
  emergency_only: { state: "blank", radius: 5 },
  voice_only: { state: "likely_blank", radius: 5 },
  data: { state: "covered", radius: 5 },
};

/** Single reports of the view, fetched for it, many at one place drawn as one. */
export function makeReports(map, { load, onCount }) {
  const renderer = canvasIn("points");
  const group = L.layerGroup();
  let isShown = false;
  let operator = null;
  let features = [];
  let asking = null;

  function draw() {
    group.clearLayers();
    const points = features.map((feature) => {
      const { x, y } = map.latLngToContainerPoint(toLatLng(feature.geometry.coordinates));
      return { x, y, feature };
    });
    const groups =
      points.length > CLUSTER_FROM
        ? clusterPoints(points, CLUSTER_PX)
        : points.map((point) => ({ ...point, members: [point] }));
    for (const { x, y, members } of groups) {
      if (members.length === 1) {
        const { feature } = members[0];
        const { state, colour, radius } = REPORT_STYLES[feature.properties.found];
        L.circleMarker(toLatLng(feature.geometry.coordinates), {
          pane: "points",
          renderer,
          interactive: false,
          radius,
          color: "#fff",
          weight: 1.5,
          fillOpacity: 1,
          fillColor: colour ?? stateColour(state),
        }).addTo(group);
      } else {
        const silent = members.filter(
          ({ feature }) => feature.properties.found === "no_service",
        ).length;
        L.marker(map.containerPointToLatLng([x, y]), {
          pane: "points",
          interactive: false,
          keyboard: false,
          icon: L.divIcon({
            className: `cluster${silent * 2 >= members.length ? " cluster--silent" : ""}`,
            html: h("span", {}, String(members.length)),
            iconSize: [34, 34],
          }),
        }).addTo(group);
      }
    }
  }

  async function refresh() {
    if (!isShown) return;
    if (asking) asking.abort();
    asking = new AbortController();
    const data = await load(
      {
        bbox: toExtent(map.getBounds())
          .map((degrees) => degrees.toFixed(5))
          .join(","),
        operator,
        limit: REPORTS_AT_ONCE,
      },
      asking.signal,
    );
    if (data === null || !isShown) return;
    features = data.features;
    onCount(features.length, features.length >= REPORTS_AT_ONCE);
    draw();
  }
  map.on("moveend", refresh);

  return {
    refresh,
    setOperator(value) {
      operator = value === "ANY" ? null : value;
      return refresh();
    },
    setShown(value) {
      isShown = value;
      if (value) {
        group.addTo(map);
        return refresh();
      }
      features = [];
      group.clearLayers();
      group.remove();
      return null;
    },
    get features() {
      return isShown ? features : [];
    },
  };
}

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
