// The map itself and what does not depend on a run: land, boundaries, labels.

import { h, later, pause } from "./dom.js";
import { toCorners } from "./lonlat.js";
import { namesWithRoom, writeNames } from "./names.js";
import { makeShapes } from "./shapes.js";

const { L } = window;

// What lies over what, from below to above.
const PANES = {
  osm: 180,
  land: 190,
  shares: 402,
  cells: 405,
  spots: 410,
  lines: 420,
  points: 440,
  selected: 450,
  labels: 460,
};
const MIN_ZOOM = 5;
const MAX_ZOOM = 18;
// From this zoom on there is room for villages' names.
const VILLAGE_LABEL_ZOOM = 10.5;
// What is fitted lies beside the map's buttons, not under them.
const BUTTONS_PX = 60;
const EDGE_PX = 16;
// Below this zoom markers are drawn small.
const NEAR_ZOOM = 9.5;
// How wide a letter of a label is at most.
const LETTER_PX = { district: 8.8, village: 7.2 };

const COLOURS = {
  land: "#f7f5ef",
  district: "#23383d",
  village: "#55666b",
  selected: "#101d20",
};

function makeHomeButton(texts, onHome) {
  const control = L.control({ position: "topleft" });
  control.onAdd = () => {
    const button = h(
      "button",
      {
        type: "button",
        class: "home-button",
        title: texts.home,
        "aria-label": texts.home,
        onclick: onHome,
      },
      h("span", { "aria-hidden": "true" }),
    );
    L.DomEvent.disableClickPropagation(button);
    return button;
  };
  return control;
}

// Leaflet moves each tile, sign and name by translate3d, which makes each of them a layer
// of its own: some eighty to put together for every frame, where five will do. As for
// Internet Explorer it writes translate; the map's pane is what moves (map.css).
L.Browser.ie3d = true;
// Leaflet gives the map the focus by script, which a browser takes for the keyboard's: who
// clicks would see the frame and the cross of those who use keys. A browser does it better.
L.Map.Keyboard.include({ _onMouseDown() {} });

export function makeMap(element, texts, { minimumMotion, onHome }) {
  const map = L.map(element, {
    zoomControl: false,
    attributionControl: false,
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    // No steps to speak of, so that what is fitted fills the map, as in its first picture.
    zoomSnap: 0.001,
    zoomDelta: 1,
    // A tile that fades in is a layer of its own as well.
    fadeAnimation: false,
    zoomAnimation: !minimumMotion,
    markerZoomAnimation: !minimumMotion,
    inertia: !minimumMotion,
  });
  for (const [name, zIndex] of Object.entries(PANES)) {
    map.createPane(name).style.zIndex = zIndex;
    // Clicks are answered in one place (inspect.js), not by single layers.
    map.getPane(name).style.pointerEvents = "none";
  }
  L.control
    .zoom({
      position: "topleft",
      zoomInText: "+",
      zoomOutText: "−",
      zoomInTitle: texts.zoom_in,
      zoomOutTitle: texts.zoom_out,
    })
    .addTo(map);
  makeHomeButton(texts, onHome).addTo(map);
  L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 120 }).addTo(map);
  L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
  return map;
}

// How far beyond the view is drawn, in views: a movement shows it.
const PADDING = 0.4;
export const canvasIn = (pane) => L.canvas({ pane, padding: PADDING });
export const svgIn = (pane) => L.svg({ pane, padding: PADDING });

export function makeBase(map, element) {
  const renderers = Object.fromEntries(
    ["land", "lines", "selected"].map((pane) => [pane, svgIn(pane)]),
  );
  let land = null;
  let isLandShown = true;
  let districtLines = null;
  let villageLines = null;
  let areVillagesShown = true;
  let districts = [];
  let villages = [];
  // What was fitted last, and where that brought the map.
  let fitted = false;
  let coveredPx = 0;
  const isWhereFitted = () =>
    fitted &&
    map.getZoom() === fitted.zoom &&
    // Leaflet rounds to whole pixels now and then.
    map.latLngToContainerPoint(fitted.center).distanceTo(map.getSize().divideBy(2)) < 2;
  const labels = L.layerGroup().addTo(map);
  const selected = L.layerGroup().addTo(map);

  // From afar the many arms of a delta would run into one dark line.
  const districtStyle = (feature) => ({
    stroke: true,
    color: COLOURS.district,
    weight: map.getZoom() < NEAR_ZOOM ? 0.9 : 1.6,
    opacity: 0.85,
    dashArray: feature.properties.boundary_source === "approximate" ? [7, 4] : null,
  });
  const villageStyle = (feature) => ({
    stroke: true,
    color: COLOURS.village,
    weight: map.getZoom() < NEAR_ZOOM ? 0.4 : 0.8,
    opacity: 0.75,
    dashArray: feature.properties.boundary_source === "approximate" ? [3, 3] : null,
  });
  let isFar = null;
  function drawLines() {
    const wasFar = isFar;
    isFar = map.getZoom() < NEAR_ZOOM;
    if (isFar === wasFar) return;
    element.classList.toggle("is-far", isFar);
    districtLines?.setStyle(districtStyle);
    villageLines?.setStyle(villageStyle);
  }
  map.on("zoomend", drawLines);

  function drawLabels() {
    const hasVillages = map.getZoom() >= VILLAGE_LABEL_ZOOM;
    const candidates = [
      ...districts.map((feature) => ({ feature, kind: "district" })),
      ...(hasVillages ? villages.map((feature) => ({ feature, kind: "village" })) : []),
    ].map(({ feature, kind }) => ({
      ...feature.properties,
      letterPx: LETTER_PX[kind],
      className: `map-label map-label--${kind}`,
    }));
    // Close by, districts say less than villages and leave the room to them.
    if (hasVillages) candidates.reverse();
    writeNames(labels, namesWithRoom(map, candidates), "labels");
  }
  map.on("moveend zoomend", drawLabels);

  return {
    async showDistricts(data) {
      districts = data.features;
      land?.remove();
      districtLines?.remove();
      land = makeShapes(districts, {
        pane: "land",
        renderer: renderers.land,
        style: () => ({ fill: true, fillColor: COLOURS.land, fillOpacity: 1 }),
      });
      if (isLandShown) land.addTo(map);
      await pause();
      if (districts !== data.features) return;
      districtLines = makeShapes(districts, {
        pane: "lines",
        renderer: renderers.lines,
        style: districtStyle,
      }).addTo(map);
      later(drawLabels);
    },

    async showVillages(data) {
      villages = data.features;
      villageLines?.remove();
      villageLines = makeShapes(villages, {
        pane: "lines",
        renderer: renderers.lines,
        style: villageStyle,
      });
      if (areVillagesShown) villageLines.addTo(map);
      // Of districts, whose names stand from afar, nothing has changed.
      if (map.getZoom() < VILLAGE_LABEL_ZOOM) return;
      await pause();
      drawLabels();
    },

    setVillagesShown(isShown) {
      areVillagesShown = isShown;
      if (!villageLines) return;
      if (isShown) villageLines.addTo(map);
      else villageLines.remove();
    },

    /** Our own land would hide a background from elsewhere. */
    setLandShown(isShown) {
      isLandShown = isShown;
      element.classList.toggle("has-background", !isShown);
      if (!land) return;
      if (isShown) land.addTo(map);
      else land.remove();
    },

    select(feature) {
      selected.clearLayers();
      if (!feature) return;
      for (const [color, weight] of [
        ["#ffffff", 6],
        [COLOURS.selected, 3],
      ]) {
        makeShapes([feature], {
          pane: "selected",
          renderer: renderers.selected,
          style: () => ({ stroke: true, color, weight, opacity: 0.95 }),
        }).addTo(selected);
      }
    },

    fit(extent, options = {}) {
      const corners = toCorners(extent);
      const [right, bottom] = options.paddingBottomRight ?? [EDGE_PX, EDGE_PX];
      // A movement that is under way would end first, and be taken for this one.
      map.stop();
      map.once("moveend", () => {
        // While it zooms, Leaflet goes nowhere else.
        const isThere = map.getBounds().contains(corners);
        fitted = isThere && { extent, options, zoom: map.getZoom(), center: map.getCenter() };
      });
      map.fitBounds(corners, {
        paddingTopLeft: [BUTTONS_PX, EDGE_PX],
        ...options,
        paddingBottomRight: [right, Math.max(bottom, EDGE_PX + coveredPx)],
      });
    },

    /**
     * So much of the map's lower edge is covered: what was fitted stays in sight. Whoever
     * has moved the map since wants it where it is; then false is returned.
     */
    setCovered(px) {
      const isFollowing = isWhereFitted();
      if (px !== coveredPx) {
        coveredPx = px;
        if (isFollowing) this.fit(fitted.extent, { ...fitted.options, animate: false });
      }
      return isFollowing;
    },
  };
}
