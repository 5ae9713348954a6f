// Where the report is made: the phone's position, or a pin set by hand.

import { makeLegend } from "./kept.js";
import { makePinMap } from "./pin.js";
import { distanceM, PRECISE_M, STALE_MS, watchPosition } from "./position.js";

const one = (selector, within = document) => within.querySelector(selector);

// No place of the regency is as far from the centre of its village: 26 km are the most,
// within boundaries that are approximate.
const FAR_M = 100_000;

/**
 * Radius of the ring in the picture beside the position, in its units: the dashed ring
 * is 20 and stands for 100 m, from which on the office has its doubts.
 */
const ringRadius = (accuracyM) => Math.min(29, Math.max(4, accuracyM / 5));

/**
 * Run the step "Where?" of the form. `say(key, values)` words things, `addresses` are the
 * form's. `villages()` resolves with GeoJSON of the villages' points, or rejects.
 *
 * Returns `{ position(), forget(), use(position), showKept(), onChange }`.
 */
export function makePlace({ say, language, addresses, villages }) {
  const pinPanel = one("#pin-panel");
  const usePinButton = one("[data-use-pin]");
  const useDeviceButton = one("[data-use-device]");
  const latInput = one("#lat");
  const lonInput = one("#lon");
  const ring = one("[data-ring]");
  const metres = (value) => Math.max(1, Math.round(value)).toLocaleString(language);

  let fix = null; // the phone's, kept by position.js
  let fixError = null;
  let pin = null; // [lon, lat], set by hand
  let isPinned = false;
  let fixed = null; // the position of a report that is being corrected
  let pinMap = null;
  let points = [];
  const listeners = [];

  function position() {
    if (fixed) return fixed;
    if (isPinned) {
      return (
        pin && { lon: pin[0], lat: pin[1], accuracy_m: null, position_source: "manual" }
      );
    }
    return (
      fix && {
        lon: fix.lon,
        lat: fix.lat,
        accuracy_m: Math.round(fix.accuracyM * 10) / 10,
        position_source: "device",
      }
    );
  }

  function describe() {
    if (fixed) return ["good", say("same_place")];
    if (isPinned) {
      if (!pin) return ["none", say("manual_missing")];
      return ["good", say("manual", { lon: pin[0].toFixed(5), lat: pin[1].toFixed(5) })];
    }
    if (fix) {
      const ageMs = Date.now() - fix.atMs;
      const accuracy = metres(fix.accuracyM);
      if (ageMs > 2 * STALE_MS)
        return ["poor", say("stale", { seconds: Math.round(ageMs / 1000), accuracy })];
      if (fix.accuracyM <= PRECISE_M) return ["good", say("precise", { accuracy })];
      return ["poor", say("waiting_better", { accuracy })];
    }
    if (fixError) return ["none", say(fixError)];
    return ["searching", say("searching")];
  }

  /** The nearest village's centre: a name to check the position by, no more than that. */
  function near(where) {
    let best = null;
    for (const point of points) {
      const apartM = distanceM(where, point);
      if (!best || apartM < best.apartM) best = { ...point, apartM };
    }
    return best;
  }

  function show() {
    const [quality, text] = describe();
    one("[data-position-box]").dataset.quality = quality;
    ring.setAttribute("r", fix && !isPinned && !fixed ? ringRadius(fix.accuracyM) : 0);
    drawFix();
    const where = position();
    const village = where && near(where);
    const line = one("[data-position-text]");
    const full = village
      ? `${text} ${say(village.apartM > FAR_M ? "far" : "near", {
          village: village.name,
          km: (village.apartM / 1000).toLocaleString(language, {
            maximumFractionDigits: village.apartM < 10_000 ? 1 : 0,
          }),
        })}`
      : text;
    // A screen reader says it again with every change, so only with a change.
    if (line.textContent !== full) line.textContent = full;
    for (const listener of listeners) listener(where);
  }

  /** The phone's own position on the map, with its ring, also while a pin is set. */
  async function drawFix() {
    if (fix && pinMap)
      await pinMap.then((map) => map.showFix([fix.lon, fix.lat], fix.accuracyM), () => {});
  }

  async function showKept() {
    if (!pinMap) return;
    const kept = await (await pinMap).showKept();
    one("[data-kept-legend]").replaceChildren(...(kept ? makeLegend(kept, say, language) : []));
  }

  function setPin(lonLat, { isTyped = false } = {}) {
    fixed = null;
    pin = lonLat;
    if (!isTyped && lonLat) {
      lonInput.value = lonLat[0].toFixed(6);
      latInput.value = lonLat[1].toFixed(6);
    }
    show();
  }

  /** Show what fits the way the position is found: by phone, by pin, or as before. */
  function showControls() {
    const isPinOpen = isPinned && !fixed;
    pinPanel.hidden = !isPinOpen;
    usePinButton.hidden = isPinOpen;
    usePinButton.setAttribute("aria-expanded", String(isPinOpen));
    useDeviceButton.hidden = !(isPinned || fixed);
  }

  async function openPin() {
    fixed = null;
    isPinned = true;
    showControls();
    show();
    try {
      const isNew = pinMap === null;
      pinMap ??= makePinMap(one("[data-map]"), addresses, setPin);
      const map = await pinMap;
      map.refresh();
      if (isNew) {
        map.setVillages(points);
        if (fix) map.show([fix.lon, fix.lat]);
        drawFix();
        await showKept();
      }
    } catch {
      pinMap = null;
      one("[data-map]").hidden = true;
      one("[data-pin-middle]").hidden = true;
      const line = one("[data-map-error]");
      line.textContent = say("map_failed");
      line.hidden = false;
    }
  }

  function useDevice() {
    fixed = null;
    isPinned = false;
    showControls();
    show();
    usePinButton.focus();
  }

  async function readTypedPin() {
    const [lon, lat] = [lonInput, latInput].map((input) =>
      input.value.trim() === "" ? NaN : Number(input.value.trim().replace(",", ".")),
    );
    const isPlace = Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
    setPin(isPlace ? [lon, lat] : null, { isTyped: true });
    if (isPlace && pinMap) {
      const map = await pinMap;
      map.setPin([lon, lat]);
      map.show([lon, lat]);
    }
  }

  /** Say why the map is open although nobody asked for it. */
  function pinReason(reason) {
    const line = one("[data-map-error]");
    line.textContent = say(reason);
    line.hidden = false;
  }

  usePinButton.addEventListener("click", openPin);
  useDeviceButton.addEventListener("click", useDevice);
  one("[data-pin-middle]").addEventListener("click", async () =>
    (await pinMap)?.pinInMiddle(),
  );
  latInput.addEventListener("change", readTypedPin);
  lonInput.addEventListener("change", readTypedPin);
  watchPosition(
    (next) => {
      fix = next;
      show();
    },
    (reason) => {
      fixError = reason;
      if (!fix && reason !== "unavailable" && !isPinned) openPin();
      if (isPinned && !fix) pinReason(reason);
      show();
    },
  );
  window.setInterval(show, 5_000);
  villages()
    .then((collection) => {
      points = collection.features.map(({ geometry, properties }) => ({
        name: properties.name,
        lon: geometry.coordinates[0],
        lat: geometry.coordinates[1],
      }));
      pinMap?.then((map) => map.setVillages(points), () => {});
      show();
    })
    // Without the list no name stands beside the position.
    .catch(() => {});
  show();

  return {
    position,
    /** Take the phone's position again, and no pin. */
    forget() {
      fixed = null;
      pin = null;
      lonInput.value = latInput.value = "";
      showControls();
      show();
    },
    /** Stay with *where*, the position of a report made before. */
    use(where) {
      fixed = where;
      showControls();
      show();
    },
    /** What the phone keeps of the map has changed. */
    showKept,
    onChange: (listener) => listeners.push(listener),
  };
}
