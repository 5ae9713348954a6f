// The map page: what is chosen, what is shown, and the address that says both.

import { makeApi } from "./api.js";
import { makeBase, makeMap } from "./base.js";
import { makeDetails } from "./details.js";
import { h, painted } from "./dom.js";
import { makeFilterForm } from "./filter-form.js";
import { passesSpot } from "./filters.js";
import { makeFinding } from "./finding.js";
import {
  entriesWithin,
  extentOf,
  featuresAt,
  indexFeatures,
  joinExtents,
} from "./geometry.js";
import { makeLayerDetails } from "./layer-details.js";
import { makeSpots, makeSurface } from "./layers.js";
import { toExtent, toLatLng, toLonLat } from "./lonlat.js";
import { makeNotes } from "./notes.js";
import { makeOverlays } from "./overlays.js";
import { makePanel } from "./panel.js";
import { LAYERS, readView, writeView } from "./permalink.js";
import { keepSheetLink } from "./sheet-link.js";
import { watchRuns } from "./runs.js";
import { makeSearch } from "./search.js";
import { makeTime } from "./time.js";
import { fill, makeWords } from "./words.js";

// How near a click must come to a point, as a fingertip is wide.
const REACH_PX = 16;
const LIST_LENGTH = 40;
// A place is shown with its surroundings, not from within.
const CLOSEST_FIT_ZOOM = 13;
const FIT_MARGIN_PX = 40;
// From this zoom on boundaries drawn for the whole regency are too coarse.
const NEAR_ZOOM = 11;

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
  onDrawn: () => performance.mark("map-surface"),
  onBusy: (isBusy) => setBusy("surface", isBusy),
  onBroken: () => notes.add("error_surface", texts.error_surface, { isError: true }),
});
const spots = makeSpots(map, {
  loadNear: (extent) =>
    loading("spots in detail", () =>
      api.get("blank-spots/", {
        run: run.id,
        operator: view.operator,
        service: view.service,
        bbox: extent.map((degrees) => degrees.toFixed(4)).join(","),
        geometry: "outline",
      }),
    ),
});
const overlays = makeOverlays(map, {
  api,
  loading,
  view,
  language: document.documentElement.lang,
  onReportCount(count, isLimited) {
    notes.remove("reports_limited");
    if (isLimited)
      notes.add(
        "reports_limited",
        fill(texts.reports_limited, { count: words.number(count) }),
      );
  },
});
const { official, shares, evidence, settlements, facilities, sites, reports } = overlays;
const finding = makeFinding({
  map,
  mapElement,
  shell,
  controls,
  api,
  words,
  notes,
  view,
  remember,
  setLandShown: base.setLandShown,
  hidePanel: () => panel.hide(),
  extent: () => regency,
  runLine: () => document.getElementById("status").textContent,
});

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
      time.setShown(name, value);
    },
    spots() {
      spots.setShown(value);
      time.setShown(name, value);
    },
    unknown: () => surface.setUnknownShown(value),
    shares: () => shares.setShown(value),
    boundaries: () => base.setVillagesShown(value),
    official: () => official.setShown(value),
    settlements: () => settlements.setShown(value),
    facilities: () => facilities.setShown(value),
    sites: () => sites.setShown(value),
    evidence: () => evidence.setShown(value),
    reports: () => reports.setShown(value),
  };
  for (const more of shell.querySelectorAll(`[data-of-layer~="${name}"]`)) {
    more.hidden = !more.dataset.ofLayer.split(" ").some(isOn);
  }
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
    overlays.ask(run);
    if (shownKind === "village" || shownKind === "place") refreshPanel();
  }
  tellFilters();
  remember();
});

// --- filters ---------------------------------------------------------------------

const layerWords = makeWords(document.documentElement.lang, texts.layers, {});
const filterForm = makeFilterForm(
  document.getElementById("filters"),
  document.getElementById("filter-sign"),
  { words: layerWords, texts: texts.layers, onChange: setFilters },
);

function tellFilters() {
  const all = spots.all;
  const isHidden = view.filters.demo === "off";
  filterForm.tell({
    shown: all.filter((p) => passesSpot(p, view.filters)).length,
    all: all.length,
    hiddenDemo: isHidden
      ? all.filter((p) => p.is_demo).length + overlays.hiddenDemo
      : 0,
  });
}

function setFilters(filters) {
  view.filters = filters;
  spots.setFilter((p) => passesSpot(p, filters));
  overlays.filter();
  overlays.ask(run);
  tellFilters();
  if (shownKind === "list") openList({ isRefresh: true });
  remember();
}

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
      geometry: "sketch",
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
  time.follow(run);
  const data = await loading(
    "spots",
    () => loadSpots(run.id, operator, service),
    showRun,
  );
  await painted();
  // By now the reader may have chosen another layer.
  if (data === null || operator !== view.operator || service !== view.service) return;
  spots.setData(data);
  tellFilters();
  performance.mark("map-spots");
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
    const before = run;
    run = await time.runFor(next);
    // The reader looks at another run and goes on doing so.
    if (!isFirst && run?.id === before?.id) return;
    if (next === null) {
      showStatus();
      return;
    }
    if (!isFirst) spotsOf.clear();
    overlays.ask(run);
    await showRun({ isAnnounced: isFirst });
    if (isFirst) {
      // What the address names may be a village.
      if (await places) openFromAddress();
    } else {
      live.textContent = fill(texts.updated, { id: next.id });
      refreshPanel();
    }
  },
  onError(error) {
    if (error) tell(error);
    else notes.remove("error_network");
  },
});

// --- the history of the map -------------------------------------------------------

const time = makeTime(document.getElementById("time"), {
  map,
  api,
  words,
  view,
  live,
  loading,
  loadSpots,
  remember,
  stage: mapElement.parentElement,
  isMotionReduced: minimumMotion,
  swipe: {
    root: options.tiles,
    onBusy: (isBusy) => setBusy("surface before", isBusy),
    onBroken: () => notes.add("error_surface", texts.error_surface, { isError: true }),
  },
  async show(next, { isPlaying }) {
    run = next;
    overlays.ask(run);
    await showRun({ isAnnounced: !isPlaying });
    await refreshPanel();
  },
  panel: {
    open(title, content) {
      shownKind = "difference";
      setAt(null);
      view.spot = null;
      view.village = null;
      base.select(null);
      panel.show(title, content);
      remember();
    },
    refresh(title, content) {
      if (shownKind === "difference") panel.refresh(title, content);
    },
  },
  onDistrict(code) {
    const inside = villageIndex.filter(
      ({ feature }) => feature.properties.district === code,
    );
    if (inside.length > 0) base.fit(joinExtents(inside.map(({ extent }) => extent)));
  },
});

// --- the panel -------------------------------------------------------------------

const panel = makePanel(document.getElementById("panel"), {
  texts,
  onClose() {
    shownKind = null;
    view.spot = null;
    view.village = null;
    setAt(null);
    base.select(null);
    remember();
  },
});

const layerDetails = makeLayerDetails({ words, texts, layerWords });
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

function setAt(lonLat) {
  view.at = lonLat;
  finding.setPin(lonLat);
}

/** What is said of the point that was clicked, or of a blank spot, above the rest. */
const answered = (content, { spot = null } = {}) =>
  spot || view.at
    ? [finding.answer({ run: run?.id, spot, at: view.at }), ...content]
    : content;

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

function openSpot(feature, { isFocused = true, at = null } = {}) {
  const { properties } = feature;
  shownKind = "spot";
  setAt(at);
  view.spot = properties.id;
  view.village = null;
  base.select(feature);
  panel.show(
    details.spotTitle(properties),
    answered(
      details.spot(properties, {
        onVillage: (code) => openVillage(code),
        onZoom: () => fitBeside(feature.geometry),
      }),
      { spot: properties.id },
    ),
    { isFocused },
  );
  remember();
}

const findVillage = (code) =>
  villageIndex.find(({ feature }) => feature.properties.code === code)?.feature;

const loadVillage = (code) =>
  api.get(`villages/${encodeURIComponent(code)}/`, { run: run?.id });

async function showVillage(code, { isFocused = true, isFitted = true, at = null } = {}) {
  await openVillage(code, { isFocused, at });
  const known = findVillage(code);
  if (known && isFitted) fitBeside(known.geometry);
}

async function openVillage(code, { isFocused = true, at = null } = {}) {
  shownKind = "village";
  setAt(at);
  view.village = code;
  view.spot = null;
  const known = findVillage(code);
  base.select(known ?? null);
  if (known) panel.showLoading(known.properties.name);
  remember();
  const feature = await loading(
    "village",
    () => loadVillage(code),
    () => openVillage(code, { at }),
  );
  if (feature === null || view.village !== code) return;
  panel.show(feature.properties.name, villageContent(feature), { isFocused });
}

const villageContent = ({ properties }) =>
  answered([
    ...layerDetails.villageShare(shares.of(properties.code)),
    ...details.village(properties, view),
  ]);

/** A point that was searched for: what the run says there. */
function openPlace(lonLat, name, { isFocused = true } = {}) {
  shownKind = "place";
  view.spot = null;
  view.village = null;
  setAt(lonLat);
  base.select(null);
  panel.show(name ?? finding.placeName(lonLat), answered([]), { isFocused });
  remember();
}

function openPoint(feature, kind) {
  shownKind = "point";
  setAt(kind === "report" ? null : feature.geometry.coordinates);
  view.spot = null;
  view.village = null;
  base.select(null);
  const p = feature.properties;
  if (kind === "report") {
    panel.show(
      fill(texts.report_title, { found: texts.found[p.found] }),
      details.report(p),
    );
  } else if (kind === "site") {
    panel.show(p.name, layerDetails.site(p));
  } else {
    const layer = kind === "facility" ? facilities : settlements;
    panel.show(
      p.name,
      answered([
        ...layerDetails.placeState(layer.stateOf(p.id), view),
        ...details.point(p, kind),
      ]),
    );
  }
  remember();
}

/** What was counted in one cell: evidence, or reports too many to draw singly. */
function openCounted(content) {
  shownKind = "point";
  setAt(null);
  view.spot = null;
  view.village = null;
  base.select(null);
  panel.show(content.title, content.body);
  remember();
}

function openList({ isRefresh = false } = {}) {
  shownKind = "list";
  setAt(null);
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
    if (feature) openSpot(feature, { isFocused: false, at: view.at });
    else {
      panel.hide();
      notes.add("error_gone", texts.error_gone);
    }
  } else if (view.village) {
    const code = view.village;
    const feature = await loading("village", () => loadVillage(code));
    if (feature && view.village === code)
      panel.refresh(feature.properties.name, villageContent(feature));
  } else if (shownKind === "place") {
    panel.refresh(panel.heading, answered([]));
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
    openSpot(feature, { isFocused: false, at: view.at });
    if (!hadPosition) fitBeside(feature.geometry);
  } else if (view.village) {
    showVillage(view.village, {
      isFocused: false,
      isFitted: !hadPosition,
      at: view.at,
    });
  } else if (view.at) {
    openPlace(view.at, null, { isFocused: false });
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

const extentOfCluster = ({ extent, latLng }) => extent ?? toExtent(latLng.toBounds(400));

/** Open what lies at a place: points first, then the blank spot, then the village. */
function inspect(latLng) {
  const lonLat = toLonLat(latLng);
  if (finding.measure.take(lonLat)) return;
  const at = map.latLngToContainerPoint(latLng);
  const report = nearestWithin(reports.features, at);
  const settlement = nearestWithin(settlements.features, at);
  const facility = nearestWithin(facilities.features, at);
  const site = nearestWithin(sites.features, at);
  const listed = nearestWithin(official.features, at);
  const cluster = reports.clusterAt(at);
  const cell = evidence.at(lonLat);
  const [spot] = featuresAt(spots.index, lonLat);
  const [village] = featuresAt(villageIndex, lonLat);
  if (report) openPoint(report, "report");
  else if (settlement) openPoint(settlement, "settlement");
  else if (facility) openPoint(facility, "facility");
  else if (site) openPoint(site, "site");
  else if (cluster)
    openCounted(
      layerDetails.cluster(cluster, { onZoom: () => base.fit(extentOfCluster(cluster)) }),
    );
  else if (cell) openCounted(layerDetails.evidence(cell));
  else if (listed) openVillage(listed.properties.code, { at: lonLat });
  else if (spot) openSpot(spot, { at: lonLat });
  else if (village) openVillage(village.properties.code, { at: lonLat });
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
  if (finding.measure.takeKey(event.key)) return;
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
      const { name, code, district_name: district } = village.properties;
      hover.textContent = [
        name,
        fill(texts.district_name, { name: district }),
        layerDetails.shareWords(shares.of(code)),
      ]
        .filter(Boolean)
        .join(" · ");
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
  findRemote: finding.findRemote,
  onChoose(place) {
    setDrawer(false);
    if (place.code) {
      showVillage(place.code);
    } else if (place.lonLat) {
      openPlace(place.lonLat, place.name);
      map.setView(toLatLng(place.lonLat), CLOSEST_FIT_ZOOM);
      keepVisible(place.lonLat);
    } else {
      base.fit(place.extent);
      mapElement.focus();
    }
  },
});

async function loadPlaces() {
  const { districts, villages } = await api.get("map-boundaries/", { detail: "far" });
  base.showDistricts(districts);
  base.showVillages(villages);
  shares.setBoundaries(villages);
  villageIndex = indexFeatures(villages.features);
  performance.mark("map-places");
  const districtIndex = indexFeatures(districts.features);
  filterForm.setPlaces(
    districts.features.map(({ properties }) => properties),
    villages.features.map(({ properties }) => properties),
  );
  search.setPlaces([
    ...villageIndex.map(({ feature: { properties: p }, extent }) => ({
      group: "village",
      name: p.name,
      detail: fill(texts.district_name, { name: p.district_name }),
      code: p.code,
      extent,
    })),
    ...districtIndex.map(({ feature, extent }) => ({
      group: "district",
      name: feature.properties.name,
      detail: texts.district,
      extent,
    })),
  ]);
  if (districtIndex.length === 0) return;
  regency = joinExtents(districtIndex.map((entry) => entry.extent));
  if (!hadPosition) base.fit(regency, { animate: false });
}

/** Once somebody looks closely: the boundaries as they were loaded. */
let areBoundariesNear = false;
async function refineBoundaries() {
  if (areBoundariesNear || map.getZoom() < NEAR_ZOOM || !(await places)) return;
  areBoundariesNear = true;
  const data = await loading("boundaries", () =>
    api.get("map-boundaries/", { detail: "near" }),
  );
  areBoundariesNear = data !== null;
  if (data === null) return;
  base.showDistricts(data.districts);
  base.showVillages(data.villages);
  shares.setBoundaries(data.villages);
  villageIndex = indexFeatures(data.villages.features);
}
map.on("zoomend", refineBoundaries);

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
filterForm.set(view.filters);
setFilters(view.filters);
for (const name of LAYERS) {
  if (name !== "boundaries") showLayer(name);
}
base.setVillagesShown(isOn("boundaries"));
start();
finding.start();
ask();
refineBoundaries();
