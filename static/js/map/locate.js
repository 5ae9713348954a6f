// Where the reader is: a point with a ring as wide as the phone is unsure.

import { canvasIn } from "./base.js";
import { toLatLng } from "./lonlat.js";
import { fill } from "./words.js";

const { L } = window;

const WAIT_MS = 20_000;
const CLOSE_ZOOM = 15;
const COLOUR = "#1a5fd0";
// Of GeolocationPositionError.
const ERRORS = { 1: "locate_denied", 2: "locate_unavailable", 3: "locate_timeout" };

/**
 * Return what the button does. `say(key, text, {isError})` shows a note and `unsay(key)`
 * removes it; positions beyond `extent` do not move the map.
 */
export function makeLocate(map, { texts, number, say, unsay, extent }) {
  const drawn = L.layerGroup().addTo(map);
  const renderer = canvasIn("points");

  function show({ coords }) {
    const { longitude: lon, latitude: lat, accuracy } = coords;
    const at = toLatLng([lon, lat]);
    drawn.clearLayers();
    const options = {
      pane: "points",
      renderer,
      interactive: false,
      color: COLOUR,
      weight: 2,
    };
    const ring = L.circle(at, { ...options, radius: accuracy, fillOpacity: 0.12 });
    drawn.addLayer(ring);
    drawn.addLayer(
      L.circleMarker(at, { ...options, radius: 7, color: "#fff", fillColor: COLOUR, fillOpacity: 1 }),
    );
    const [west, south, east, north] = extent();
    if (lon < west || lon > east || lat < south || lat > north) {
      say("locate", texts.locate_outside);
      return;
    }
    map.fitBounds(ring.getBounds(), { maxZoom: CLOSE_ZOOM });
    say("locate", fill(texts.locate_found, { metres: number(Math.ceil(accuracy)) }));
  }

  return function locate() {
    unsay("locate");
    if (!window.isSecureContext || !navigator.geolocation) {
      say("locate", texts.locate_insecure, { isError: true });
      return;
    }
    say("locate_waiting", texts.locate_waiting);
    navigator.geolocation.getCurrentPosition(
      (position) => {
        unsay("locate_waiting");
        show(position);
      },
      ({ code }) => {
        unsay("locate_waiting");
        say("locate", texts[ERRORS[code]] ?? texts.locate_unavailable, { isError: true });
      },
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 30_000 },
    );
  };
}
