// The map page: what is chosen, what is shown, and the address that says both.

import { makeApi } from "./api.js";
import { makeBase, makeMap } from "./base.js";
import { makeDetails } from "./details.js";
import { h } from "./dom.js";
import {
  entriesWithin,
  extentOf,
  featuresAt,
  indexFeatures,
  joinExtents,
} from "./geometry.js";
import {
  makeOsm,
  makePoints,
  makeReports,
  makeSpots,
  makeSurface,
  officialMarker,
  pointMarkers,
} from "./layers.js";
import { toExtent, toLatLng, toLonLat } from "./lonlat.js";
import { makeNotes } from "./notes.js";
import { makePanel } from "./panel.js";
import { LAYERS, readView, writeView } from "./permalink.js";
import { keepSheetLink } from "./print.js";
import { watchRuns } from "./runs.js";
import { makeSearch } from "./search.js";
import { fill, makeWords } from "./words.js";

// How near a click must come to a point, as a fingertip is wide.
const REACH_PX = 16;
const LIST_LENGTH = 40;
// A place is shown with its surroundings, not from within.
const CLOSEST_FIT_ZOOM = 13;
const FIT_MARGIN_PX = 40;

const shell = document.getElementById("map-shell");
const texts = JSON.parse(document.getElementById("map-texts").textContent);
const options = shell.dataset;
const minimumMotion = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

const words = makeWords(document.documentElement.lang, texts, {
  high: Number(options.confidenceHigh),
  medium: Number(options.confidenceMedium),
});
const api = makeApi(options.api);
const mapElement = document.getElementById("map");
const notes = makeNotes(document.getElementById("notes"), { texts });
const controls = document.getElementById("controls");
const live = document.getElementById("live");

const view = readView(window.location.search, window.location.hash, {
  operators: Object.keys(texts.operators),
  services: Object.keys(texts.services),
});
// A layer that this visitor has no switch for is not shown to them.
view.layers = view.layers.filter((name) => layerSwitch(name) !== null);

const hadPosition = view.position !== null;

// The regency and its shores, until its boundaries are here.
let regency = [115.2, -1.2, 117.7, 1.6];
let run = null;
let villageIndex = [];
let shownKind = null;

// --- progress and errors -------------------------------------------------------

const busy = new Set();
function setBusy(name, isBusy) {
  if (isBusy) busy.add(name);
  else busy.delete(name);
  document.getElementById("progress").hidden = busy.size === 0;
  mapElement.setAttribute("aria-busy", String(busy.size > 0));
}

function tell(error, retry) {
  if (error.name === "AbortError") return;
  // Anything that is not ours is a fault of this program and belongs in the console.
  if (!error.key) throw error;
  const action =
    error.key === "error_session"
      ? h("a", { class: "button button--quiet", href: options.login }, texts.sign_in)
      : retry &&
        h(
          "button",
          {
            type: "button",
            class: "button button--quiet",
            onclick: () => {
              notes.remove(error.key);
              retry();
            },
          },
          texts.retry,
        );
  notes.add(error.key, texts[error.key], { isError: true, action });
}

async function loading(name, work, retry) {
  setBusy(name, true);
  try {
    return await work();
  } catch (error) {
    tell(error, retry);
    return null;
  } finally {
    setBusy(name, false);
  }
}

// --- the map and its layers ------------------------------------------------------

const map = makeMap(mapElement, texts, {
  minimumMotion,
  onHome: () => base.fit(regency),
});
const base = makeBase(map, mapElement);
const surface = makeSurface(map, options.tiles, {
  onBusy: (isBusy) => setBusy("surface", isBusy),
  onBroken: () => notes.add("error_surface", texts.error_surface, { isError: true }),
});
const spots = makeSpots(map);
const official = makePoints(map, {
  load: () => api.get("official-list/"),
  makeMarker: officialMarker,
});
const settlements = makePoints(map, {
  load: () => api.get("settlements/"),
  makeMarker: pointMarkers("settlement"),
});
const facilities = makePoints(map, {
  load: () => api.get("facilities/"),
  makeMarker: pointMarkers("facility"),
});
const reports = makeReports(map, {
  load: (query, signal) =>
    loading("reports", () => api.get("reports/", query, { signal }), reports?.refresh),
  onCount(count, isLimited) {
    notes.remove("reports_limited");
    if (isLimited)
      notes.add(
        "reports_limited",
        fill(texts.reports_limited, { count: words.number(count) }),
      );
  },
});
const osm = makeOsm(map, options.osm, () => notes.add("error_osm", texts.error_osm));

if (view.position) {
  const { lon, lat, zoom } = view.position;
  map.setView(toLatLng([lon, lat]), zoom);
} else {
  base.fit(regency);
}

// --- what is chosen --------------------------------------------------------------

function layerSwitch(name) {
  return controls.querySelector(`input[name="layer"][value="${name}"]`);
}

const isOn = (name) => view.layers.includes(name);

function remember() {
  const [lon, lat] = toLonLat(map.getCenter());
  view.position = { zoom: map.getZoom(), lon, lat };
  window.history.replaceState(null, "", window.location.pathname + writeView(view));
}
map.on("moveend", remember);
keepSheetLink(document.getElementById("print-map"), map);

function showChoice() {
  controls.querySelector('[name="operator"]').value = view.operator;
  for (const radio of controls.querySelectorAll('[name="service"]')) {
    radio.checked = radio.value === view.service;
  }
  for (const name of LAYERS) {
    const box = layerSwitch(name);
    if (box) box.checked = isOn(name);
  }
  const meanings = texts.meanings[view.service][view.operator === "ANY" ? "any" : "one"];
  for (const element of shell.querySelectorAll("[data-meaning]")) {
    element.textContent = meanings[element.dataset.meaning];
  }
}

function showLayer(name) {
  const value = isOn(name);
  const setters = {
    surface() {
      surface.setShown(value);
      spots.setOverSurface(value);
    },
    spots: () => spots.setShown(value),
    boundaries: () => base.setVillagesShown(value),
    official: () => official.setShown(value),
    settlements: () => settlements.setShown(value),
    facilities: () => facilities.setShown(value),
    reports: () => reports.setShown(value),
    osm() {
      osm?.setShown(value);
      base.setLandShown(!value);
      if (!value) notes.remove("error_osm");
    },
  };
  return loading(`layer ${name}`, setters[name], () => showLayer(name));
}

controls.addEventListener("change", ({ target }) => {
  if (target.name === "layer") {
    view.layers = LAYERS.filter((name) => layerSwitch(name)?.checked);
    showLayer(target.value);
  } else if (target.name === "operator" || target.name === "service") {
    view[target.name] = target.value;
    // A blank spot belongs to one layer; in another it is not the same thing.
    view.spot = null;
    if (shownKind === "spot" || shownKind === "list") panel.hide();
    showChoice();
    showRun({ isAnnounced: true });
    reports.setOperator(view.operator);
  }
  remember();
});

// --- the current run -------------------------------------------------------------

const spotsOf = new Map();

/** Blank spots of one layer of one run: they never change, so they are kept. */
function loadSpots(runId, operator, service) {
  const key = `${runId}/${operator}/${service}`;
  if (!spotsOf.has(key)) {
    const answer = api.get("blank-spots/", {
      run: runId,
      operator,
      service,
      geometry: "outline",
    });
    spotsOf.set(key, answer);
    answer.catch(() => spotsOf.delete(key));
  }
  return spotsOf.get(key);
}

function showStatus() {
  document.getElementById("empty").hidden = run !== null;
  const status = document.getElementById("status");
  if (run === null) {
    status.replaceChildren();
    return;
  }
  const counts = Object.keys(texts.operators)
    .filter((operator) => operator in run.report_counts)
    .map((operator) => [texts.operators[operator], run.report_counts[operator]])
    .map(([name, count]) => `${name} ${words.number(count)}`)
    .join(", ");
  status.replaceChildren(
    h("strong", {}, fill(texts.run, { id: run.id })),
    ` · ${fill(texts.run_until, { when: words.moment(run.input_cutoff_at) })}`,
  );
  document.getElementById("status-more").replaceChildren(
    counts ? h("span", {}, fill(texts.run_reports, { counts })) : "",
    run.is_demo ? h("span", { class: "tag tag--demo" }, texts.demo_mark) : "",
  );
}

async function showRun({ isAnnounced = false } = {}) {
  showStatus();
  const { operator, service } = view;
  surface.setLayer(run?.id ?? null, operator, service);
  if (run === null) return;
  const data = await loading(
    "spots",
    () => loadSpots(run.id, operator, service),
    showRun,
  );
  // By now the reader may have chosen another layer.
  if (data === null || operator !== view.operator || service !== view.service) return;
  spots.setData(data);
  if (isAnnounced) {
    const count = data.features.length;
    live.textContent = fill(texts.loaded, {
      operator: texts.operators[operator],
      service: texts.services[service],
      spots: count === 0 ? texts.spots_none : words.count("spots", count),
    });
  }
  if (shownKind === "list") openList({ isRefresh: true });
}

const { ask } = watchRuns({
  api,
  async onRun(next) {
    const isFirst = run === null;
    run = next;
    if (next === null) {
      showStatus();
      return;
    }
    if (!isFirst) spotsOf.clear();
    await showRun({ isAnnounced: isFirst });
    if (isFirst) {
      // What the address names may be a village.
      if (await places) openFromAddress();
    } else {
      live.textContent = fill(texts.updated, { id: next.id });
      reports.refresh();
      refreshPanel();
    }
  },
  onError(error) {
    if (error) tell(error);
    else notes.remove("error_network");
  },
});

// --- the panel -------------------------------------------------------------------

const panel = makePanel(document.getElementById("panel"), {
  texts,
  onClose() {
    shownKind = null;
    view.spot = null;
    view.village = null;
    base.select(null);
    remember();
  },
});

const details = makeDetails({
  words,
  urls: { village: options.villageUrl, table: options.table },
  now: () => new Date(),
});

/** How much of the map's right and lower side the open panel hides, in pixels. */
function hiddenByPanel() {
  if (!panel.isOpen) return { right: 0, bottom: 0 };
  const whole = mapElement.getBoundingClientRect();
  const panelBox = panel.element.getBoundingClientRect();
  const isSheet = panelBox.width > whole.width * 0.8;
  return isSheet
    ? { right: 0, bottom: whole.bottom - panelBox.top }
    : { right: whole.right - panelBox.left, bottom: 0 };
}

/** Fit an extent into the part of the map that the panel leaves free. */
function fitBeside(geometry) {
  const { right, bottom } = hiddenByPanel();
  base.fit(extentOf(geometry), {
    maxZoom: CLOSEST_FIT_ZOOM,
    paddingBottomRight: [right + FIT_MARGIN_PX, bottom + FIT_MARGIN_PX],
    paddingTopLeft: [FIT_MARGIN_PX, FIT_MARGIN_PX],
  });
}

/** Keep what was chosen out from under the panel. */
function keepVisible(lonLat) {
  const at = map.latLngToContainerPoint(toLatLng(lonLat));
  const { right, bottom } = hiddenByPanel();
  const size = map.getSize();
  const overX = Math.max(0, at.x - (size.x - right - FIT_MARGIN_PX));
  const overY = Math.max(0, at.y - (size.y - bottom - FIT_MARGIN_PX));
  if (overX || overY) map.panBy([overX, overY], { animate: !minimumMotion });
}

function openSpot(feature, { isFocused = true } = {}) {
  const { properties } = feature;
  shownKind = "spot";
  view.spot = properties.id;
  view.village = null;
  base.select(feature);
  panel.show(
    details.spotTitle(properties),
    details.spot(properties, {
      onVillage: (code) => openVillage(code),
      onZoom: () => fitBeside(feature.geometry),
    }),
    { isFocused },
  );
  remember();
}

const findVillage = (code) =>
  villageIndex.find(({ feature }) => feature.properties.code === code)?.feature;

const loadVillage = (code) =>
  api.get(`villages/${encodeURIComponent(code)}/`, { run: run?.id });

async function showVillage(code, { isFocused = true, isFitted = true } = {}) {
  await openVillage(code, { isFocused });
  const known = findVillage(code);
  if (known && isFitted) fitBeside(known.geometry);
}

async function openVillage(code, { isFocused = true } = {}) {
  shownKind = "village";
  view.village = code;
  view.spot = null;
  const known = findVillage(code);
  base.select(known ?? null);
  if (known) panel.showLoading(known.properties.name);
  remember();
  const feature = await loading("village", () => loadVillage(code), () => openVillage(code));
  if (feature === null || view.village !== code) return;
  panel.show(feature.properties.name, details.village(feature.properties, view), {
    isFocused,
  });
}

function openPoint(feature, kind) {
  shownKind = "point";
  view.spot = null;
  view.village = null;
  base.select(null);
  const p = feature.properties;
  if (kind === "report") {
    panel.show(
      fill(texts.report_title, { found: texts.found[p.found] }),
      details.report(p),
    );
  } else {
    panel.show(p.name, details.point(p, kind));
  }
  remember();
}

function openList({ isRefresh = false } = {}) {
  shownKind = "list";
  view.spot = null;
  view.village = null;
  const features = entriesWithin(spots.index, toExtent(map.getBounds()))
    .map(({ feature }) => feature)
    .sort((a, b) => b.properties.area_km2 - a.properties.area_km2);
  const content = details.spotList(features, LIST_LENGTH, (feature) => {
    openSpot(feature);
    fitBeside(feature.geometry);
  });
  if (isRefresh) panel.refresh(texts.list_title, content);
  else {
    base.select(null);
    panel.show(texts.list_title, content);
    remember();
  }
}

/** After new reports: the same thing again, as it is now. */
async function refreshPanel() {
  if (view.spot) {
    const feature = spots.find(view.spot);
    if (feature) openSpot(feature, { isFocused: false });
    else {
      panel.hide();
      notes.add("error_gone", texts.error_gone);
    }
  } else if (view.village) {
    const code = view.village;
    const feature = await loading("village", () => loadVillage(code));
    if (feature && view.village === code)
      panel.refresh(feature.properties.name, details.village(feature.properties, view));
  }
}

function openFromAddress() {
  if (view.spot) {
    const feature = spots.find(view.spot);
    if (!feature) {
      view.spot = null;
      notes.add("error_gone", texts.error_gone);
      remember();
      return;
    }
    openSpot(feature, { isFocused: false });
    if (!hadPosition) fitBeside(feature.geometry);
  } else if (view.village) {
    showVillage(view.village, { isFocused: false, isFitted: !hadPosition });
  }
}

// --- looking at one place --------------------------------------------------------

function nearestWithin(features, at) {
  let best = null;
  let bestPx = REACH_PX;
  for (const feature of features) {
    const point = map.latLngToContainerPoint(toLatLng(feature.geometry.coordinates));
    const px = point.distanceTo(at);
    if (px <= bestPx) {
      best = feature;
      bestPx = px;
    }
  }
  return best;
}

/** Open what lies at a place: points first, then the blank spot, then the village. */
function inspect(latLng) {
  const lonLat = toLonLat(latLng);
  const at = map.latLngToContainerPoint(latLng);
  const report = nearestWithin(reports.features, at);
  const settlement = nearestWithin(settlements.features, at);
  const facility = nearestWithin(facilities.features, at);
  const listed = nearestWithin(official.features, at);
  const [spot] = featuresAt(spots.index, lonLat);
  const [village] = featuresAt(villageIndex, lonLat);
  if (report) openPoint(report, "report");
  else if (settlement) openPoint(settlement, "settlement");
  else if (facility) openPoint(facility, "facility");
  else if (listed) openVillage(listed.properties.code);
  else if (spot) openSpot(spot);
  else if (village) openVillage(village.properties.code);
  else {
    panel.hide();
    live.textContent = texts.nothing_here;
    return;
  }
  keepVisible(lonLat);
}

map.on("click", ({ latlng }) => inspect(latlng));
mapElement.addEventListener("keydown", (event) => {
  // A button within the map answers for itself.
  if (event.target !== mapElement) return;
  if (event.key === "Enter") inspect(map.getCenter());
  else if (event.key === "Escape") panel.hide();
});
document.getElementById("open-list").addEventListener("click", () => {
  setDrawer(false);
  openList();
});
map.on("moveend", () => {
  if (shownKind === "list") openList({ isRefresh: true });
});

// The name of the village under the pointer, at most once a frame.
const hover = document.getElementById("hover");
let hoverFrame = null;
map.on("mousemove", ({ latlng }) => {
  if (hoverFrame) return;
  hoverFrame = window.requestAnimationFrame(() => {
    hoverFrame = null;
    const [village] = featuresAt(villageIndex, toLonLat(latlng));
    hover.hidden = !village;
    mapElement.classList.toggle("is-over-something", Boolean(village));
    if (village) {
      const { name, district_name: district } = village.properties;
      hover.textContent = `${name} · ${fill(texts.district_name, { name: district })}`;
    }
  });
});
map.on("mouseout", () => {
  hover.hidden = true;
});

// --- the controls on a narrow screen ---------------------------------------------

const toggle = document.getElementById("controls-toggle");
function setDrawer(isOpen) {
  controls.classList.toggle("is-open", isOpen);
  toggle.setAttribute("aria-expanded", String(isOpen));
}
toggle.addEventListener("click", () =>
  setDrawer(toggle.getAttribute("aria-expanded") !== "true"),
);
controls.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && controls.classList.contains("is-open")) {
    setDrawer(false);
    toggle.focus();
  }
});
new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(mapElement);

// --- places ----------------------------------------------------------------------

const search = makeSearch(document.getElementById("search"), {
  words,
  onChoose(place) {
    setDrawer(false);
    if (place.code) {
      showVillage(place.code);
    } else {
      base.fit(place.extent);
      mapElement.focus();
    }
  },
});

async function loadPlaces() {
  const [districts, villages] = await Promise.all([
    api.get("districts/"),
    api.get("villages/"),
  ]);
  base.showDistricts(districts);
  base.showVillages(villages);
  villageIndex = indexFeatures(villages.features);
  const districtIndex = indexFeatures(districts.features);
  search.setPlaces([
    ...villageIndex.map(({ feature: { properties: p }, extent }) => ({
      name: p.name,
      detail: fill(texts.district_name, { name: p.district_name }),
      code: p.code,
      extent,
    })),
    ...districtIndex.map(({ feature, extent }) => ({
      name: feature.properties.name,
      detail: texts.district,
      extent,
    })),
  ]);
  if (districtIndex.length === 0) return;
  regency = joinExtents(districtIndex.map((entry) => entry.extent));
  if (!hadPosition) base.fit(regency, { animate: false });
}

let places = null;
function start() {
  places = loading(
    "places",
    async () => {
      await loadPlaces();
      return true;
    },
    start,
  );
}

showChoice();
for (const name of LAYERS) {
  if (name !== "boundaries") showLayer(name);
}
base.setVillagesShown(isOn("boundaries"));
reports.setOperator(view.operator);
start();
ask();
