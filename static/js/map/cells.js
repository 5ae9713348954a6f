// Evidence: where and how densely was measured, as squares of at least 153 m.

import { canvasIn } from "./base.js";
import { askFor, cellExtent, DAY_MS, densityColour, levelFor } from "./counts.js";
import { painted } from "./dom.js";
import { toCorners } from "./lonlat.js";

const { L } = window;

const CELL_PX = 12;
// Paler where the newest report is older.
const FRESH_DAYS = 365;

/** Where and how densely was measured, as squares of at least 153 m. */
export function makeEvidence(map, { load }) {
  const renderer = canvasIn("cells");
  const group = L.layerGroup();
  let isShown = false;
  let query = {};
  let cells = [];
  let asking = null;

  function draw(today) {
    group.clearLayers();
    for (const { extent, colour, day } of cells) {
      const isFresh = today - day <= FRESH_DAYS;
      L.rectangle(toCorners(extent), {
        pane: "cells",
        renderer,
        interactive: false,
        stroke: !isFresh,
        color: "#3f1a6b",
        weight: 0.5,
        dashArray: "2 3",
        fillColor: colour,
        fillOpacity: isFresh ? 0.8 : 0.35,
      }).addTo(group);
    }
  }

  async function refresh(extentOfMap = boundsOf(map)) {
    if (!isShown || query.run === undefined) return;
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const level = levelFor(map.getZoom(), CELL_PX);
    const data = await load({ ...query, ...askFor(extentOfMap, level) }, signal);
    await painted();
    if (!data || !isShown || signal.aborted) return;
    cells = data.cells.map(([column, row, day, count]) => ({
      extent: cellExtent(column, row, data.level),
      colour: densityColour(count, data.level),
      day,
      count,
    }));
    draw(Date.now() / DAY_MS);
  }
  map.on("moveend", () => refresh());

  return {
    setQuery(next) {
      query = next;
      return refresh();
    },
    setShown(value) {
      isShown = value;
      if (value) {
        group.addTo(map);
        return refresh();
      }
      cells = [];
      group.clearLayers();
      group.remove();
      return null;
    },
    at: ([lon, lat]) =>
      isShown
        ? cells.find(
            ({ extent: [west, south, east, north] }) =>
              west <= lon && lon < east && south <= lat && lat < north,
          )
        : undefined,
  };
}

/** What the map shows, with a margin that a small movement stays within. */
export function boundsOf(map) {
  const bounds = map.getBounds().pad(0.1);
  return [
    Math.max(-180, bounds.getWest()),
    Math.max(-85, bounds.getSouth()),
    Math.min(180, bounds.getEast()),
    Math.min(85, bounds.getNorth()),
  ];
}
