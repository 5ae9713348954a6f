// Names of places on a map, none over another: what has no room is not written.

import { h } from "./dom.js";
import { placeLabels } from "./geometry.js";
import { toLatLng } from "./lonlat.js";

const LINE_PX = 16;
// Where a name is tried when a mark lies on its place: there, above it, below it.
const BESIDE_MARKS_PX = [0, -26, 26];

/** The box of a mark of `sizePx` at [lon, lat], on which no name is to lie. */
export function boxOfMark(map, lonLat, sizePx) {
  const { x, y } = map.latLngToContainerPoint(toLatLng(lonLat));
  const half = sizePx / 2;
  return [x - half, y - half, x + half, y + half];
}

/**
 * Return those of `names` ({name, lon, lat, letterPx, …}, most important first) that lie
 * in the view and for which there is room beside the boxes that are `taken`, each with
 * the `downPx` at which there is.
 *
 * A name's box is guessed from its letters, so that the page need not be measured: take
 * the widest of the fonts in site.css, lest names run into each other.
 */
export function namesWithRoom(map, names, taken = []) {
  const bounds = map.getBounds().pad(0.1);
  const near = names.flatMap((one) => {
    const { name, lon, lat, letterPx, downPx = 0 } = one;
    if (lon === null || lat === null || !bounds.contains(toLatLng([lon, lat]))) return [];
    const { x, y } = map.latLngToContainerPoint(toLatLng([lon, lat]));
    const width = name.length * letterPx;
    return [{ one, x, y: y + downPx, width, height: LINE_PX }];
  });
  const shifts = taken.length > 0 ? BESIDE_MARKS_PX : [0];
  return placeLabels(near, { taken, shifts }).map(({ one, shift }) => ({
    ...one,
    downPx: (one.downPx ?? 0) + shift,
  }));
}

/** Write `names` as `namesWithRoom` gives them into `layer`, which is emptied first. */
export function writeNames(layer, names, pane) {
  const { L } = window;
  layer.clearLayers();
  for (const { name, lon, lat, className, downPx } of names) {
    L.marker(toLatLng([lon, lat]), {
      pane,
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className, html: h("span", {}, name), iconSize: [0, 0], iconAnchor: [0, -downPx] }),
    }).addTo(layer);
  }
}
