// Reports, for those who may see single ones: counted by the server from afar, drawn
// one by one where the view holds few enough.

import { canvasIn } from "./base.js";
import { boundsOf } from "./cells.js";
import { askFor, cellExtent, levelFor } from "./counts.js";
import { h } from "./dom.js";
import { clusterPoints } from "./geometry.js";
import { stateColour } from "./layers.js";
import { toLatLng } from "./lonlat.js";

const { L } = window;

// Up to so many in view are fetched and drawn singly.
const SINGLE_UP_TO = 1500;
const AT_ONCE = 2000;
// Reports nearer to each other than this are drawn as one circle with a number.
const CLUSTER_PX = 44;
const CELL_PX = 64;
// Few points need no grouping.
const CLUSTER_FROM = 150;
const FOUND = ["no_service", "emergency_only", "voice_only", "data"];

// No signal is the darkest and largest, so that it stands out in grey as well.
const STYLES = {
  no_service: { colour: "#1d0803", radius: 6 },
  emergency_only: { state: "blank", radius: 5 },
  voice_only: { state: "likely_blank", radius: 5 },
  data: { state: "covered", radius: 5 },
};
const colourOf = (found) => STYLES[found].colour ?? stateColour(STYLES[found].state);

/** The shares of what was found, as a ring. */
function ring(counts, total) {
  let from = 0;
  const parts = FOUND.filter((found) => counts[found] > 0).map((found) => {
    const to = from + (counts[found] / total) * 100;
    const part = `${colourOf(found)} ${from.toFixed(1)}% ${to.toFixed(1)}%`;
    from = to;
    return part;
  });
  return `conic-gradient(${parts.join(", ")})`;
}

export function makeReports(map, { load, loadCells, language, onCount }) {
  const renderer = canvasIn("points");
  const group = L.layerGroup();
  // What fits into the circle: 950, 9,5 rb, 160 rb; the panel has the exact number.
  let rounded = null;
  function short(count) {
    if (count < 1000) return String(count);
    // Made when first needed: it is slow to make, and most readers never see one.
    rounded ??= new Intl.NumberFormat(language, {
      notation: "compact",
      maximumSignificantDigits: 2,
    });
    return rounded.format(count);
  }
  let isShown = false;
  let query = {};
  let run = null;
  let features = [];
  let clusters = [];
  let asking = null;

  function drawCluster({ latLng, counts, total }) {
    const isSilent = counts.no_service * 2 >= total;
    const icon = h(
      "div",
      { class: `cluster${isSilent ? " cluster--silent" : ""}` },
      h("span", {}, short(total)),
    );
    icon.style.setProperty("--found", ring(counts, total));
    L.marker(latLng, {
      pane: "points",
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: "cluster-icon", html: icon, iconSize: [50, 50] }),
    }).addTo(group);
  }

  function drawSingle(feature) {
    const { found } = feature.properties;
    L.circleMarker(toLatLng(feature.geometry.coordinates), {
      pane: "points",
      renderer,
      interactive: false,
      radius: STYLES[found].radius,
      color: "#fff",
      weight: 1.5,
      fillOpacity: 1,
      fillColor: colourOf(found),
    }).addTo(group);
  }

  function groupFeatures() {
    const points = features.map((feature) => {
      const { x, y } = map.latLngToContainerPoint(toLatLng(feature.geometry.coordinates));
      return { x, y, feature };
    });
    if (points.length <= CLUSTER_FROM) return points.map((p) => ({ members: [p] }));
    return clusterPoints(points, CLUSTER_PX);
  }

  function drawSingles() {
    group.clearLayers();
    clusters = [];
    for (const { x, y, members } of groupFeatures()) {
      if (members.length === 1) drawSingle(members[0].feature);
      else {
        const counts = Object.fromEntries(FOUND.map((found) => [found, 0]));
        for (const { feature } of members) counts[feature.properties.found] += 1;
        const latLng = map.containerPointToLatLng([x, y]);
        drawCluster({ latLng, counts, total: members.length });
      }
    }
  }

  function drawCells(data) {
    group.clearLayers();
    clusters = data.cells.map(([column, row, newest, ...byFound]) => {
      const [west, south, east, north] = cellExtent(column, row, data.level);
      const counts = Object.fromEntries(data.found.map((name, n) => [name, byFound[n]]));
      const total = byFound.reduce((sum, count) => sum + count, 0);
      const latLng = L.latLng((south + north) / 2, (west + east) / 2);
      return { latLng, extent: [west, south, east, north], counts, total, newest };
    });
    clusters.forEach(drawCluster);
  }

  async function refresh() {
    if (!isShown) return;
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const extent = boundsOf(map);
    if (run !== null) {
      const level = levelFor(map.getZoom(), CELL_PX);
      const cells = await loadCells({ run, ...query, ...askFor(extent, level) }, signal);
      if (!cells || !isShown) return;
      if (cells.total > SINGLE_UP_TO) {
        features = [];
        onCount(cells.total, false);
        drawCells(cells);
        return;
      }
    }
    const { bbox } = askFor(extent, 0);
    const data = await load({ ...query, bbox, limit: AT_ONCE }, signal);
    if (!data || !isShown) return;
    features = data.features;
    onCount(features.length, Boolean(data.next));
    drawSingles();
  }
  map.on("moveend", refresh);

  return {
    refresh,
    /** Which run the counts belong to, and which reports are meant. */
    setQuery(nextRun, next) {
      run = nextRun;
      query = next;
      return refresh();
    },
    setShown(value) {
      isShown = value;
      if (value) {
        group.addTo(map);
        return refresh();
      }
      features = [];
      clusters = [];
      group.clearLayers();
      group.remove();
      return null;
    },
    get features() {
      return isShown ? features : [];
    },
    /** The circle with a number that a click at `point` of the map means. */
    clusterAt(point) {
      if (!isShown) return undefined;
      return clusters.find(
        ({ latLng }) => map.latLngToContainerPoint(latLng).distanceTo(point) <= CELL_PX / 3,
      );
    },
  };
}
