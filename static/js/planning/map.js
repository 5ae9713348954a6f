// Stops, trips and circles on a small map; the table beside it says the same in words.

import { toLatLng } from "../map/lonlat.js";
import { boxOfMark, namesWithRoom, writeNames } from "../map/names.js";

const { L } = window;
const MAX_ZOOM = 17;
// One or two places would otherwise be drawn as if seen from a roof.
const NEAREST_ZOOM = 11;
// How wide a letter of a district's name is at most.
const LETTER_PX = 7.6;
const MARK_PX = 32;

/** The corners of a circle's box, [lon, lat] each: what must be seen of it. */
export function boxOf({ lon, lat, radius_m: radiusM }) {
  const high = radiusM / 110_574;
  const wide = radiusM / (111_320 * Math.max(Math.cos((lat * Math.PI) / 180), 0.01));
  return [
    [lon - wide, lat - high],
    [lon + wide, lat + high],
  ];
}

/** All that must be seen of *data*, as [lon, lat]. */
export function cornersOf({ points, circles, dots = [] }) {
  const seen = [...circles.flatMap(boxOf), ...points.map(({ lon, lat }) => [lon, lat])];
  return seen.length > 0 ? seen : dots.map(({ lon, lat }) => [lon, lat]);
}

async function drawDistricts(map, url, points) {
  const response = await fetch(url);
  if (!response.ok) return;
  const districts = await response.json();
  const land = L.geoJSON(districts, {
    interactive: false,
    coordsToLatLng: toLatLng,
    style: { className: "plan-map__district" },
    filter: (feature) => feature.geometry !== null,
  }).addTo(map);
  land.bringToBack();
  if (!map.hasView) map.fitBounds(land.getBounds());
  const names = districts.features.map(({ properties }) => ({
    ...properties,
    letterPx: LETTER_PX,
    className: "map-name plan-map__name",
  }));
  const written = L.layerGroup().addTo(map);
  function write() {
    const taken = points.map(({ lon, lat }) => boxOfMark(map, [lon, lat], MARK_PX));
    writeNames(written, namesWithRoom(map, names, taken), "names");
  }
  map.on("moveend", write);
  write();
}

function drawPoint(map, point) {
  const label = document.createElement("span");
  label.className = `plan-mark plan-mark--${point.kind}`;
  label.textContent = point.label;
  L.marker(toLatLng([point.lon, point.lat]), {
    // Read from the table; a map of buttons would only be in the way.
    keyboard: false,
    zIndexOffset: -Number(point.label),
    icon: L.divIcon({ className: "plan-map__mark", html: label, iconSize: null }),
  })
    .bindTooltip(point.text, { direction: "top", offset: [0, -10] })
    .addTo(map);
}

/** Paper is narrower than the screen: the map is drawn anew for it, and back again. */
function onPaper(map, box, fit) {
  if (!map.hasView) return;
  let seen = null;
  window.addEventListener("beforeprint", () => {
    seen = [map.getCenter(), map.getZoom()];
    box.classList.add("is-on-paper");
    map.invalidateSize({ pan: false });
    fit({ animate: false });
  });
  window.addEventListener("afterprint", () => {
    box.classList.remove("is-on-paper");
    map.invalidateSize({ pan: false });
    map.setView(...seen, { animate: false });
  });
}

function draw(box, data) {
  const { points, lines, circles, dots = [] } = data;
  const map = L.map(box, {
    attributionControl: false,
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.25,
    scrollWheelZoom: false,
    zoomControl: false,
    fadeAnimation: false,
    zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  L.control
    .zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut })
    .addTo(map);
  // Below the marks, which matter more.
  map.createPane("names").style.zIndex = 450;
  L.control.scale({ imperial: false }).addTo(map);
  const corners = cornersOf(data).map(toLatLng);
  map.hasView = corners.length > 0;
  const fit = (options) =>
    map.fitBounds(corners, { padding: [30, 30], maxZoom: NEAREST_ZOOM, ...options });
  if (map.hasView) fit();
  else map.setView(toLatLng([116.6, -0.1]), 8);
  onPaper(map, box, fit);
  for (const { lon, lat, radius_m: radius } of circles)
    L.circle(toLatLng([lon, lat]), {
      radius,
      interactive: false,
      className: "plan-map__circle",
    }).addTo(map);
  for (const line of lines)
    L.polyline(line.map(toLatLng), {
      interactive: false,
      className: "plan-map__way",
    }).addTo(map);
  for (const { lon, lat, state, text, is_reached: isReached } of dots)
    L.circleMarker(toLatLng([lon, lat]), {
      radius: isReached ? 6 : 4,
      className: `plan-map__dot plan-map__dot--${state}`,
    })
      .bindTooltip(text, { direction: "top" })
      .addTo(map);
  for (const point of points) drawPoint(map, point);
  // Land and water only: the map is there for the whereabouts, and needs no network.
  drawDistricts(map, box.dataset.districtsUrl, points).catch(() => {});
}

if (L)
  for (const box of document.querySelectorAll("[data-plan-map]"))
    draw(box, JSON.parse(document.getElementById(box.dataset.planMap).textContent));
