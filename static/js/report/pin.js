// A small map to set the pin by hand, when the phone does not know where it is.

import { drawTrip } from "./kept.js";
import { toCorners, toLatLng, toLonLat } from "../map/lonlat.js";
import { namesWithRoom, writeNames } from "../map/names.js";

// Kutai Kartanegara, until its districts are there to be seen.
const REGENCY = [115.2, -1.2, 117.7, 1.6];

// Farther away the villages' names would hide each other and the map.
const NAMES_FROM_ZOOM = 11;
// How wide a letter of a name is at most, and how far above its dot a village's stands.
const LETTER_PX = 7.6;
const ABOVE_DOT_PX = -12;

function load(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", () => reject(new Error("not loaded")));
    document.head.append(element);
  });
}

async function loadLeaflet({ leafletJs, leafletCss }) {
  if (window.L) return;
  const style = Object.assign(document.createElement("link"), {
    rel: "stylesheet",
    href: leafletCss,
  });
  const script = Object.assign(document.createElement("script"), { src: leafletJs });
  await Promise.all([load(style), load(script)]);
}

/**
 * Draw the map into `box`; `onPin([lon, lat])` is called when the pin is set.
 *
 * Returns what there is to do with it. Rejects when Leaflet does not load; districts that
 * do not load are only missing from the picture.
 */
export async function makePinMap(box, addresses, onPin) {
  await loadLeaflet(addresses);
  const { L } = window;
  const map = L.map(box, { attributionControl: false, zoomSnap: 0.5 });
  map.fitBounds(toCorners(REGENCY));
  let marker = null;

  function setPin(lonLat) {
    if (!marker) {
      marker = L.marker(toLatLng(lonLat), {
        draggable: true,
        keyboard: false,
        icon: L.divIcon({ className: "pin", iconSize: [36, 48], iconAnchor: [18, 46] }),
      }).addTo(map);
      marker.on("dragend", () => onPin(toLonLat(marker.getLatLng())));
    }
    marker.setLatLng(toLatLng(lonLat));
  }

  function pin(lonLat) {
    setPin(lonLat);
    onPin(lonLat);
  }

  map.on("click", (event) => pin(toLonLat(event.latlng)));

  let villages = [];
  let districts = [];
  const dots = L.layerGroup().addTo(map);
  const names = L.layerGroup().addTo(map);
  // Below the pin, which matters more.
  map.createPane("names").style.zIndex = 580;
  function drawNames() {
    dots.clearLayers();
    const isNear = map.getZoom() >= NAMES_FROM_ZOOM;
    const seen = map.getBounds().pad(0.2);
    for (const { lon, lat } of villages) {
      const at = toLatLng([lon, lat]);
      if (!seen.contains(at)) continue;
      L.circleMarker(at, {
        radius: isNear ? 3 : 1.5,
        className: "pin-map__village",
        interactive: false,
      }).addTo(dots);
    }
    const named = [
      ...(isNear
        ? villages.map((village) => ({
            ...village,
            letterPx: LETTER_PX,
            downPx: ABOVE_DOT_PX,
            className: "map-name pin-map__name",
          }))
        : []),
      ...districts.map(({ properties }) => ({
        ...properties,
        letterPx: LETTER_PX,
        className: "map-name pin-map__name",
      })),
    ];
    writeNames(names, namesWithRoom(map, named), "names");
  }
  map.on("moveend", drawNames);
  drawBackground(map, addresses, (features) => {
    districts = features;
    drawNames();
  });

  let kept = null;
  async function showKept() {
    kept?.layer.remove();
    kept = await drawTrip(map);
    return kept?.label ?? null;
  }

  let fix = null;
  return {
    setPin,
    /** Show the villages, `{ name, lon, lat }`, with their names where there is room. */
    setVillages(points) {
      villages = points;
      drawNames();
    },
    /** Draw what the phone keeps for the trip; resolves with its label, or null. */
    showKept,
    /** Show where the phone takes itself to be, and how sure it is of that. */
    showFix(lonLat, accuracyM) {
      const at = toLatLng(lonLat);
      const how = { className: "pin-map__fix", interactive: false, pane: "fix" };
      if (!fix) {
        map.createPane("fix").style.zIndex = 590;
        // The dot is seen from afar, where the ring is smaller than it.
        fix = [L.circle(at, how), L.circleMarker(at, { ...how, radius: 5 })];
        for (const shape of fix) shape.addTo(map);
      }
      for (const shape of fix) shape.setLatLng(at);
      fix[0].setRadius(accuracyM);
    },
    pinInMiddle: () => pin(toLonLat(map.getCenter())),
    show: (lonLat) => map.setView(toLatLng(lonLat), 12),
    /** Take the size of the box anew, after it was hidden. */
    refresh: () => map.invalidateSize(),
  };
}

async function read(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

async function drawBackground(map, { districtsUrl }, onDistricts) {
  const { L } = window;
  try {
    const districts = await read(districtsUrl);
    const layer = L.geoJSON(districts, {
      interactive: false,
      style: { className: "pin-map__district" },
      filter: (feature) => feature.geometry !== null,
    }).addTo(map);
    layer.bringToBack();
    if (map.getZoom() < 10 && layer.getLayers().length > 0)
      map.fitBounds(layer.getBounds());
    onDistricts(districts.features);
  } catch {
    // The pin works on an empty map too, with the coordinates below it.
  }
}
