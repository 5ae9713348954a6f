// The map page: what it is made of, put together.

import { makeApi } from "./api.js";
import { makeBase, makeMap } from "./base.js";
import { makeBoundaries } from "./boundaries.js";
import { makeChoice } from "./choice.js";
import { pause } from "./dom.js";
import { wireDrawer } from "./drawer.js";
import { makeFinding } from "./finding.js";
import { makeFirstPicture } from "./first-picture.js";
import { watchMap } from "./inspect.js";
import { makeSpots, makeSurface } from "./layers.js";
import { toLatLng, toLonLat } from "./lonlat.js";
import { makeNotes } from "./notes.js";
import { makeOverlays } from "./overlays.js";
import { CLOSEST_FIT_ZOOM, makePanels } from "./panels.js";
import { readView, writeView } from "./permalink.js";
import { makeProgress } from "./progress.js";
import { makeSearch } from "./search.js";
import { keepSheetLink } from "./sheet-link.js";
import { makeShownRun } from "./shown-run.js";
import { makeTime } from "./time.js";
import { fill, makeWords } from "./words.js";

const shell = document.getElementById("map-shell");
const mapElement = document.getElementById("map");
const controls = document.getElementById("controls");
const texts = JSON.parse(document.getElementById("map-texts").textContent);
const options = shell.dataset;
const language = document.documentElement.lang;
const minimumMotion = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const words = makeWords(language, texts, {
  high: Number(options.confidenceHigh),
  medium: Number(options.confidenceMedium),
});
const notes = makeNotes(document.getElementById("notes"), { texts });
const progress = makeProgress(document.getElementById("progress"), {
  mapElement,
  notes,
  texts,
  login: options.login,
});
const { setBusy, loading } = progress;
const api = makeApi(options.api);

const layerSwitch = (name) =>
  controls.querySelector(`input[name="layer"][value="${name}"]`);
const view = readView(window.location.search, window.location.hash, {
  operators: Object.keys(texts.operators),
  services: Object.keys(texts.services),
});
// A layer that this visitor has no switch for is not shown to them.
view.layers = view.layers.filter((name) => layerSwitch(name) !== null);

/**
 * What the modules of the page share. `run` is the run shown; `view` what is chosen, as
 * the address says it. The parts below are added as they are made; they look each other
 * up here when they are used.
 */
const page = {
  shell,
  mapElement,
  controls,
  live: document.getElementById("live"),
  options,
  texts,
  words,
  layerWords: makeWords(language, texts.layers, {}),
  notes,
  ...progress,
  api,
  view,
  hadPosition: view.position !== null,
  minimumMotion,
  layerSwitch,
  remember,
  run: null,
};

// --- the map and its layers ------------------------------------------------------

const map = makeMap(mapElement, texts, {
  minimumMotion,
  onHome: () => page.base.fit(page.boundaries.extent),
});
page.map = map;
page.picture = makeFirstPicture(document.getElementById("first-picture"), shell);
// The page is put together in pieces, so that a slow phone answers between them.
await pause();
page.base = makeBase(map, mapElement);
const tellBroken = (retry) => progress.tell({ key: "error_surface" }, retry);
const extent = () => page.boundaries.extent;
page.surface = makeSurface(map, options.tiles, {
  extent,
  onDrawn: () => page.picture.drawn("map-surface"),
  onBusy: (isBusy) => setBusy("surface", isBusy),
  onBroken: tellBroken,
});
page.spots = makeSpots(map, {
  loadNear: (extent) =>
    loading("spots in detail", () =>
      api.get("blank-spots/", {
        run: page.run.id,
        operator: view.operator,
        service: view.service,
        bbox: extent.map((degrees) => degrees.toFixed(4)).join(","),
        geometry: "outline",
        // More than any layer has: what is seen is asked for at once.
        limit: 10000,
      }),
    ),
});
page.overlays = makeOverlays(map, {
  api,
  loading,
  view,
  language,
  onReportCount(count, isLimited) {
    notes.remove("reports_limited");
    if (isLimited)
      notes.add(
        "reports_limited",
        fill(texts.reports_limited, { count: words.number(count) }),
      );
  },
});
page.boundaries = makeBoundaries(page);
page.finding = makeFinding({
  map,
  mapElement,
  shell,
  controls,
  api,
  words,
  notes,
  view,
  remember,
  setLandShown: page.base.setLandShown,
  hidePanel: () => page.panels.hide(),
  extent,
  runLine: () => document.getElementById("status").textContent,
});

await pause();
if (view.position) {
  const { lon, lat, zoom } = view.position;
  map.setView(toLatLng([lon, lat]), zoom);
} else {
  page.base.fit(page.boundaries.extent);
}
// The page knows the current run already: its surface need not wait for anything else.
if (options.run && ["surface", "unknown"].every((name) => view.layers.includes(name)))
  page.surface.setLayer(options.run, view.operator, view.service);

await pause();

// --- what is said and chosen -----------------------------------------------------

page.panels = makePanels(page);
page.choice = makeChoice(page);
page.shownRun = makeShownRun(page);
page.time = makeTime(document.getElementById("time"), {
  map,
  api,
  words,
  view,
  live: page.live,
  loading,
  loadSpots: page.shownRun.loadSpots,
  remember,
  stage: mapElement.parentElement,
  isMotionReduced: minimumMotion,
  swipe: {
    root: options.tiles,
    extent,
    onBusy: (isBusy) => setBusy("surface before", isBusy),
    onBroken: tellBroken,
  },
  async show(next, { isPlaying }) {
    page.run = next;
    page.overlays.ask(next);
    await page.shownRun.show({ isAnnounced: !isPlaying });
    await page.panels.refresh();
  },
  panel: page.panels.difference,
  onDistrict: page.boundaries.fitDistrict,
  onCover: (px) => page.base.setCovered(px),
});
watchMap(page);

const setDrawer = wireDrawer(controls, document.getElementById("controls-toggle"));
document.getElementById("open-list").addEventListener("click", () => {
  setDrawer(false);
  page.panels.openList();
});
page.search = makeSearch(document.getElementById("search"), {
  words,
  findRemote: page.finding.findRemote,
  onChoose(place) {
    setDrawer(false);
    if (place.code) {
      page.panels.showVillage(place.code);
    } else if (place.lonLat) {
      page.panels.openPlace(place.lonLat, place.name);
      map.setView(toLatLng(place.lonLat), CLOSEST_FIT_ZOOM);
      page.panels.keepVisible(place.lonLat);
    } else {
      page.base.fit(place.extent);
      mapElement.focus();
    }
  },
});

// --- the address -------------------------------------------------------------------

function remember() {
  const [lon, lat] = toLonLat(map.getCenter());
  view.position = { zoom: map.getZoom(), lon, lat };
  window.history.replaceState(null, "", window.location.pathname + writeView(view));
}

// --- begin -------------------------------------------------------------------------

map.on("moveend", remember);
keepSheetLink(document.getElementById("print-map"), map);
new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(mapElement);

await pause();
page.choice.start();
page.boundaries.start();
await pause();
page.finding.start();
page.shownRun.ask();
