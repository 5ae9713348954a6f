// A map of outlines only: it needs no network of anybody else's.

import { toLatLng } from "../map/lonlat.js";

const { L } = window;
const MAX_ZOOM = 18;

export function makePlaceMap(box) {
  const map = L.map(box, {
    attributionControl: false,
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.25,
    scrollWheelZoom: false,
    zoomControl: false,
    keyboard: false,
  });
  L.control
    .zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut })
    .addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  return map;
}

async function read(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** Draw the outlines at *url*, the one with *code* set off; return its bounds. */
export async function drawLand(map, url, code = "") {
  let own = null;
  const layer = L.geoJSON(await read(url), {
    interactive: false,
    coordsToLatLng: toLatLng,
    filter: (feature) => feature.geometry !== null,
    style: (feature) => ({
      className:
        feature.properties.code === code
          ? "place-map__land place-map__own"
          : "place-map__land",
    }),
    onEachFeature(feature, drawn) {
      if (feature.properties.code === code) own = drawn;
    },
  }).addTo(map);
  layer.bringToBack();
  return { layer, bounds: (own ?? layer).getBounds() };
}
