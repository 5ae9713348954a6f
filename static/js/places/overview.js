// The places of one village on a map; the tables beside it say the same in words.

import { toLatLng } from "../map/lonlat.js";
import { drawLand, makePlaceMap } from "./land.js";

const { L } = window;
const SIZE_PX = 28;
const ZOOM = 12;

function mark(map, { sort, name, kind, lon, lat, is_demo: isDemo, url }, words) {
  const dot = document.createElement("span");
  dot.className = `place-dot place-dot--${sort}${isDemo ? " place-dot--demo" : ""}`;
  const text = isDemo ? `${name} (${kind}, ${words.demo})` : `${name} (${kind})`;
  const marker = L.marker(toLatLng([lon, lat]), {
    keyboard: Boolean(url),
    title: text,
    alt: text,
    icon: L.divIcon({ className: "place-mark", html: dot, iconSize: [SIZE_PX, SIZE_PX] }),
  });
  if (url) marker.on("click", () => window.location.assign(url));
  marker.addTo(map);
  if (url) marker.getElement().setAttribute("aria-label", text);
}

const box = document.querySelector("[data-places]");
if (box && L) {
  const map = makePlaceMap(box);
  map.setView(toLatLng([Number(box.dataset.lon), Number(box.dataset.lat)]), ZOOM);
  const places = JSON.parse(document.getElementById("places").textContent);
  for (const place of places) mark(map, place, box.dataset);
  drawLand(map, box.dataset.outlines, box.dataset.code)
    .then(({ bounds }) => {
      // A place may lie outside its village, and is to be seen there.
      for (const { lon, lat } of places) bounds.extend(toLatLng([lon, lat]));
      if (bounds.isValid()) map.fitBounds(bounds, { padding: [20, 20], animate: false });
    })
    .catch(() => {});
}
