// The map's tools: searching, locating, measuring, printing, sharing, the background,
// and the answer at a point. What they are made of stands in the modules below.

import { makeAnswer } from "./answer.js";
import { makeBasemap } from "./basemap.js";
import { coordinatesText } from "./coordinates.js";
import { h } from "./dom.js";
import { makeLocate } from "./locate.js";
import { toLatLng } from "./lonlat.js";
import { makeMeasure } from "./measure.js";
import { makePrint } from "./print.js";
import { makeShare } from "./share.js";
import { addNorthArrow, addTools, wireFullScreen } from "./tools.js";
import { fill } from "./words.js";

const { L } = window;

/**
 * `view` is what the address says; `remember()` writes it there; `runLine()` says which
 * run is shown; `extent()` is the regency's.
 */
export function makeFinding(page) {
  const { map, mapElement, shell, controls, api, words, notes, view, remember } = page;
  const options = JSON.parse(document.getElementById("finding").textContent);
  const texts = words.texts.finding;
  const say = (key, text, how) => {
    notes.remove(key);
    notes.add(key, text, how);
  };
  const tail = () => window.location.search + window.location.hash;

  // --- the answer, and the pin where it was asked for ---------------------------------

  const ask = makeAnswer({ api, texts, services: words.texts.services });
  const pin = L.layerGroup().addTo(map);
  function setPin(lonLat) {
    pin.clearLayers();
    if (!lonLat) return;
    pin.addLayer(
      L.marker(toLatLng(lonLat), {
        pane: "selected",
        interactive: false,
        keyboard: false,
        icon: L.divIcon({ className: "pin", iconSize: [26, 26], html: h("span") }),
      }),
    );
  }

  // --- the background -----------------------------------------------------------------

  const basemap = makeBasemap(map, {
    options,
    setLandShown: page.setLandShown,
    onBroken: () => say("error_basemap", texts.error_basemap, { isError: true }),
    onOsmBroken: () => notes.add("error_osm", words.texts.error_osm),
    onOsmGone: () => notes.remove("error_osm"),
  });
  if (!basemap.names.includes(view.basemap)) view.basemap = "own";
  function showBasemap() {
    for (const radio of controls.querySelectorAll('[name="basemap"]'))
      radio.checked = radio.value === view.basemap;
    notes.remove("error_basemap");
    return basemap.choose(view.basemap);
  }
  controls.addEventListener("change", ({ target }) => {
    if (target.name !== "basemap") return;
    view.basemap = target.value;
    showBasemap();
    remember();
  });

  // --- the tools ----------------------------------------------------------------------

  const measure = makeMeasure(map, {
    stage: shell.querySelector(".stage"),
    mapElement,
    texts,
    number: words.number,
    library: options.geodesic,
    say,
    // The map is needed whole.
    onStart: page.hidePanel,
    onChange(text) {
      if (view.measure === text) return;
      view.measure = text;
      remember();
    },
  });
  const locate = makeLocate(map, {
    texts,
    number: words.number,
    say,
    unsay: notes.remove,
    extent: page.extent,
  });
  const print = makePrint(map, {
    mapElement,
    sheet: shell.querySelector(".print-sheet"),
    facts: () => ({
      layer: fill(words.texts.spot_layer, {
        operator: words.texts.operators[view.operator],
        service: words.texts.services[view.service],
      }),
      run: page.runLine(),
      date: words.moment(new Date().toISOString()),
      link: options.map + tail(),
    }),
  });
  const share = makeShare(document.getElementById("share"), {
    texts,
    mapUrl: options.map,
    embedUrl: options.embed,
    tail,
  });
  const actions = { locate, measure: measure.start, full_screen: null, print, share };
  const shown = options.isEmbedded
    ? { full_screen: actions.full_screen }
    : actions;
  let toggleFullScreen = null;
  const buttons = addTools(map, texts, {
    ...shown,
    full_screen: () => toggleFullScreen(),
  });
  toggleFullScreen = wireFullScreen(buttons.full_screen, shell, texts);
  addNorthArrow(map, texts);

  if (options.isEmbedded) {
    // What the frame shows is what the full map opens with.
    const link = document.getElementById("full-map");
    map.on("moveend", () => {
      link.href = options.map + tail();
    });
  }

  return {
    setPin,
    measure,
    /** The answer at `at`, or for the blank spot `spot`: `{ element, isHere }`. */
    answer: ({ run, spot = null, at = null }) =>
      ask({ run, operator: view.operator, service: view.service, spot, at }),
    placeName: (lonLat) =>
      coordinatesText(lonLat, { number: words.number, fill, texts }),
    findRemote: async (q, signal) => (await api.get("search/", { q }, { signal })).results,
    /** Show what the address asked for. */
    start() {
      showBasemap();
      if (view.measure) measure.restore(view.measure);
    },
  };
}
