// What the panel beside the map shows: a blank spot, a village, a point, a list.

import { makeDetails } from "./details.js";
import { h } from "./dom.js";
import { entriesWithin, extentOf } from "./geometry.js";
import { makeLayerDetails } from "./layer-details.js";
import { toExtent, toLatLng } from "./lonlat.js";
import { makePanel } from "./panel.js";
import { fill } from "./words.js";

const LIST_LENGTH = 40;
// A place is shown with its surroundings, not from within.
export const CLOSEST_FIT_ZOOM = 13;
const FIT_MARGIN_PX = 40;

/** `page` is what main.js puts together. */
export function makePanels(page) {
  const { map, mapElement, view, words, texts, notes, api, loading, options } = page;
  // What is shown: spot, village, place, point, list, difference, or nothing.
  let kind = null;

  const panel = makePanel(document.getElementById("panel"), { onClose: forget });
  const layerDetails = makeLayerDetails({ words, texts, layerWords: page.layerWords });
  const details = makeDetails({
    words,
    urls: { village: options.villageUrl, spot: options.spotUrl, table: options.table },
    now: () => new Date(),
  });

  function forget() {
    choose(null);
    page.remember();
  }

  /** Nothing is chosen any more but what is to be shown next. */
  function choose(next, at = null) {
    kind = next;
    setAt(at);
    view.spot = null;
    view.village = null;
    page.base.select(null);
  }

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
    page.finding.setPin(lonLat);
  }

  /** What is said of the point that was clicked, or of a blank spot; null of others. */
  const ask = (spot) =>
    spot || view.at
      ? page.finding.answer({ run: page.run?.id, spot, at: view.at })
      : null;

  /**
   * Show the answer when it comes, and below it what `facts` resolves with once both are
   * here: what is being read does not move. `isRefresh`: what is shown stays until then.
   */
  async function showAnswered(
    heading,
    facts,
    { spot = null, isFocused = true, isRefresh = false } = {},
  ) {
    const answer = ask(spot);
    const above = answer ? [answer.element] : [];
    const waiting = h("p", { class: "soft" }, texts.loading);
    if (!isRefresh)
      panel.show(heading, [...above, waiting], { isFocused, isGrowing: true });
    const { turn } = panel;
    const [content] = await Promise.all([facts, answer?.isHere]);
    if (panel.turn !== turn) return;
    if (isRefresh) panel.refresh(heading, [...above, ...(content ?? [])]);
    else waiting.replaceWith(...(content ?? []));
  }

  /** Fit an extent into the part of the map that the panel leaves free. */
  function fitBeside(geometry) {
    const { right, bottom } = hiddenByPanel();
    page.base.fit(extentOf(geometry), {
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
    if (overX || overY) map.panBy([overX, overY], { animate: !page.minimumMotion });
  }

  /** The map knows where a spot lies and how sure it is; the rest is asked for. */
  async function openSpot(feature, { isFocused = true, at = null } = {}) {
    const { id } = feature.properties;
    const title = details.spotTitle(feature.properties);
    kind = "spot";
    setAt(at);
    view.spot = id;
    view.village = null;
    page.base.select(feature);
    page.remember();
    const facts = loading(
      "spot",
      () =>
        api.get(`blank-spots/${encodeURIComponent(id)}/`, {
          run: page.run.id,
          geometry: "outline",
        }),
      () => openSpot(feature, { at }),
    ).then(
      (known) =>
        known &&
        details.spot(known.properties, {
          onVillage: (code) => openVillage(code),
          onZoom: () => fitBeside(feature.geometry),
        }),
    );
    await showAnswered(title, facts, { spot: id, isFocused });
  }

  const findVillage = (code) => page.boundaries.village(code);

  const loadVillage = (code) =>
    api.get(`villages/${encodeURIComponent(code)}/`, { run: page.run?.id });

  async function showVillage(code, { isFocused = true, isFitted = true, at = null } = {}) {
    await openVillage(code, { isFocused, at });
    const known = findVillage(code);
    if (known && isFitted) fitBeside(known.geometry);
  }

  async function openVillage(code, { isFocused = true, at = null } = {}) {
    kind = "village";
    setAt(at);
    view.village = code;
    view.spot = null;
    const known = findVillage(code);
    page.base.select(known ?? null);
    page.remember();
    const asked = loading(
      "village",
      () => loadVillage(code),
      () => openVillage(code, { at }),
    );
    const facts = asked.then((feature) => feature && villageContent(feature));
    const name = known?.properties.name ?? (await asked)?.properties.name;
    if (name && view.village === code) await showAnswered(name, facts, { isFocused });
  }

  const villageContent = ({ properties }) => [
    ...layerDetails.villageShare(page.overlays.shares.of(properties.code)),
    ...details.village(properties, view),
  ];

  /** A point that was searched for: what the run says there. */
  function openPlace(lonLat, name, { isFocused = true } = {}) {
    choose("place", lonLat);
    showAnswered(name ?? page.finding.placeName(lonLat), [], { isFocused });
    page.remember();
  }

  function openPoint(feature, shown) {
    choose("point", shown === "report" ? null : feature.geometry.coordinates);
    const p = feature.properties;
    if (shown === "report") {
      panel.show(
        fill(texts.report_title, { found: texts.found[p.found] }),
        details.report(p),
      );
    } else if (shown === "site") {
      panel.show(p.name, layerDetails.site(p));
    } else {
      const layer = shown === "facility" ? page.overlays.facilities : page.overlays.settlements;
      showAnswered(p.name, [
        ...layerDetails.placeState(layer.stateOf(p.id), view),
        ...details.point(p, shown),
      ]);
    }
    page.remember();
  }

  /** What was counted in one cell: evidence, or reports too many to draw singly. */
  function openCounted(content) {
    choose("point");
    panel.show(content.title, content.body);
    page.remember();
  }

  function openList({ isRefresh = false } = {}) {
    kind = "list";
    setAt(null);
    view.spot = null;
    view.village = null;
    const features = entriesWithin(page.spots.index, toExtent(map.getBounds()))
      .map(({ feature }) => feature)
      .sort((a, b) => b.properties.area_km2 - a.properties.area_km2);
    const content = details.spotList(features, LIST_LENGTH, (feature) => {
      openSpot(feature);
      fitBeside(feature.geometry);
    });
    if (isRefresh) panel.refresh(texts.list_title, content);
    else {
      page.base.select(null);
      panel.show(texts.list_title, content);
      page.remember();
    }
  }

  /** After new reports: the same thing again, as it is now. */
  async function refreshPanel() {
    if (view.spot) {
      const feature = page.spots.find(view.spot);
      if (feature) openSpot(feature, { isFocused: false, at: view.at });
      else {
        panel.hide();
        notes.add("error_gone", texts.error_gone);
      }
    } else if (view.village) {
      const code = view.village;
      const feature = await loading("village", () => loadVillage(code));
      if (feature && view.village === code)
        showAnswered(feature.properties.name, villageContent(feature), { isRefresh: true });
    } else if (kind === "place") {
      showAnswered(panel.heading, [], { isRefresh: true });
    }
  }

  function openFromAddress() {
    if (view.spot) {
      const feature = page.spots.find(view.spot);
      if (!feature) {
        view.spot = null;
        notes.add("error_gone", texts.error_gone);
        page.remember();
        return;
      }
      openSpot(feature, { isFocused: false, at: view.at });
      if (!page.hadPosition) fitBeside(feature.geometry);
    } else if (view.village) {
      showVillage(view.village, {
        isFocused: false,
        isFitted: !page.hadPosition,
        at: view.at,
      });
    } else if (view.at) {
      openPlace(view.at, null, { isFocused: false });
    }
  }

  /** What lies between two runs, as a table. */
  const difference = {
    open(title, content) {
      choose("difference");
      panel.show(title, content);
      page.remember();
    },
    refresh(title, content) {
      if (kind === "difference") panel.refresh(title, content);
    },
  };

  map.on("moveend", () => {
    if (kind === "list") openList({ isRefresh: true });
  });

  return {
    layerDetails,
    difference,
    get kind() {
      return kind;
    },
    hide: panel.hide,
    keepVisible,
    showVillage,
    openSpot,
    openVillage,
    openPlace,
    openPoint,
    openCounted,
    openList,
    refresh: refreshPanel,
    openFromAddress,
  };
}
