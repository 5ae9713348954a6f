// The report and its neighbours on a map; the table beside it says the same in words.

import { toLatLng } from "../map/lonlat.js";

const { L } = window;
const M_PER_DEG = 111_320;
const MAX_ZOOM = 17;

function boxAround([lon, lat], metres) {
  const high = metres / M_PER_DEG;
  const wide = high / Math.max(Math.cos((lat * Math.PI) / 180), 0.01);
  return [toLatLng([lon - wide, lat - high]), toLatLng([lon + wide, lat + high])];
}

function mark(map, at, className, html, text, isAbove) {
  L.marker(toLatLng(at), {
    // Read from the table; a map of buttons would only be in the way.
    keyboard: false,
    zIndexOffset: isAbove ? 1000 : 0,
    icon: L.divIcon({ className, html, iconSize: null }),
  })
    .bindTooltip(text, { direction: "top" })
    .addTo(map);
}

async function drawDistricts(map, url) {
  const response = await fetch(url);
  if (!response.ok) return;
  L.geoJSON(await response.json(), {
    interactive: false,
    coordsToLatLng: toLatLng,
    style: { className: "review-map__district" },
    filter: (feature) => feature.geometry !== null,
  })
    .addTo(map)
    .bringToBack();
}

function draw(box, { report, neighbours, range_m: rangeM }) {
  const here = [report.lon, report.lat];
  const map = L.map(box, {
    attributionControl: false,
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.25,
    scrollWheelZoom: false,
    zoomControl: false,
  });
  L.control
    .zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut })
    .addTo(map);
  map.fitBounds(boxAround(here, rangeM * 1.05));
  L.control.scale({ imperial: false }).addTo(map);
  L.circle(toLatLng(here), {
    radius: rangeM,
    interactive: false,
    className: "review-map__range",
  }).addTo(map);
  if (report.accuracy_m > 0)
    L.circle(toLatLng(here), {
      radius: report.accuracy_m,
      interactive: false,
      className: "review-map__accuracy",
    }).addTo(map);
  for (const { lon, lat, kind, number, text } of neighbours) {
    const label = document.createElement("span");
    label.className = `kind kind--${kind}`;
    label.textContent = number;
    mark(map, [lon, lat], "review-map__near", label, text, false);
  }
  const pin = document.createElement("span");
  pin.className = `kind kind--${report.kind} kind--here`;
  mark(map, here, "review-map__here", pin, box.dataset.here, true);
  // Land and water only: the map is there for distances, and needs no network.
  drawDistricts(map, box.dataset.districtsUrl).catch(() => {});
}

const box = document.querySelector("[data-map]");
if (box && L) draw(box, JSON.parse(document.getElementById("review-map").textContent));
