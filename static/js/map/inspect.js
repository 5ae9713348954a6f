// Looking at one place: what a click, Enter or the pointer over the map means.

import { painted } from "./dom.js";
import { featuresAt } from "./geometry.js";
import { toExtent, toLatLng, toLonLat } from "./lonlat.js";
import { fill } from "./words.js";

// How near a click must come to a point, as a fingertip is wide.
const REACH_PX = 16;

/** `page` is what main.js puts together. */
export function watchMap(page) {
  const { map, mapElement, live, texts, panels, setBusy } = page;

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
    const at = map.latLngToContainerPoint(latLng);
    const { reports, settlements, facilities, sites, official, evidence } = page.overlays;
    const report = nearestWithin(reports.features, at);
    const settlement = nearestWithin(settlements.features, at);
    const facility = nearestWithin(facilities.features, at);
    const site = nearestWithin(sites.features, at);
    const listed = nearestWithin(official.features, at);
    const cluster = reports.clusterAt(at);
    const cell = evidence.at(lonLat);
    const [spot] = featuresAt(page.spots.index, lonLat);
    const [village] = page.boundaries.villagesAt(lonLat);
    if (report) panels.openPoint(report, "report");
    else if (settlement) panels.openPoint(settlement, "settlement");
    else if (facility) panels.openPoint(facility, "facility");
    else if (site) panels.openPoint(site, "site");
    else if (cluster)
      panels.openCounted(
        panels.layerDetails.cluster(cluster, { onZoom: () => page.base.fit(extentOfCluster(cluster)) }),
      );
    else if (cell) panels.openCounted(panels.layerDetails.evidence(cell));
    else if (listed) panels.openVillage(listed.properties.code, { at: lonLat });
    else if (spot) panels.openSpot(spot, { at: lonLat });
    else if (village) panels.openVillage(village.properties.code, { at: lonLat });
    else {
      page.finding.setPin(null);
      panels.hide();
      live.textContent = texts.nothing_here;
      return;
    }
    panels.keepVisible(lonLat);
  }

  /** The click is answered at once, by a pin where it was; the rest follows. */
  async function inspectSoon(latLng) {
    const lonLat = toLonLat(latLng);
    if (page.finding.measure.take(lonLat)) return;
    page.finding.setPin(lonLat);
    setBusy("inspecting", true, { isSeen: false });
    await painted();
    setBusy("inspecting", false);
    inspect(latLng);
  }

  map.on("click", ({ latlng }) => inspectSoon(latlng));
  mapElement.addEventListener("keydown", (event) => {
    // A button within the map answers for itself.
    if (event.target !== mapElement) return;
    if (page.finding.measure.takeKey(event.key)) return;
    if (event.key === "Enter") inspectSoon(map.getCenter());
    else if (event.key === "Escape") panels.hide();
  });

  // The name of the village under the pointer, at most once a frame.
  const hover = document.getElementById("hover");
  let hoverFrame = null;
  map.on("mousemove", ({ latlng }) => {
    if (hoverFrame) return;
    hoverFrame = window.requestAnimationFrame(() => {
      hoverFrame = null;
      const [village] = page.boundaries.villagesAt(toLonLat(latlng));
      hover.hidden = !village;
      mapElement.classList.toggle("is-over-something", Boolean(village));
      if (village) {
        const { name, code, district_name: district } = village.properties;
        hover.textContent = [
          name,
          fill(texts.district_name, { name: district }),
          panels.layerDetails.shareWords(page.overlays.shares.of(code)),
        ]
          .filter(Boolean)
          .join(" · ");
      }
    });
  });
  map.on("mouseout", () => {
    hover.hidden = true;
  });
}
