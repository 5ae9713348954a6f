// Cells: blocks of 2^level by 2^level squares of the grid, as the server counts them.

import { canvasIn } from "./base.js";
import { toCorners } from "./lonlat.js";

const { L } = window;

// A square is a pixel at this zoom (coverage/core/grid.py).
const GRID_ZOOM = 10;
const WORLD_SQUARES = 256 * 2 ** GRID_ZOOM;
const MAX_LEVEL = 12;
const DAY_MS = 86_400_000;

/** The level whose cells are about `pixels` wide at `zoom`. */
export const levelFor = (zoom, pixels) =>
  Math.min(MAX_LEVEL, Math.max(0, Math.round(Math.log2(pixels) + GRID_ZOOM - zoom)));

const lonAt = (column) => (column / WORLD_SQUARES) * 360 - 180;
const latAt = (row) =>
  (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / WORLD_SQUARES))) * 180) / Math.PI;

/** [west, south, east, north] of a cell. */
export function cellExtent(column, row, level) {
  const size = 2 ** level;
  return [
    lonAt(column * size),
    latAt((row + 1) * size),
    lonAt((column + 1) * size),
    latAt(row * size),
  ];
}

/** The day of a cell, days since 1970, as a date in ISO. */
export const dayToIso = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The part of the world that `bounds` shows, whole cells of `level`, as a question. */
export const askFor = (extent, level) => ({
  bbox: extent.map((degrees) => degrees.toFixed(4)).join(","),
  level,
});

// How often a place was measured: the least count of each class and its colour, and
// how much paler it is where the newest report is older than a year.
export const DENSITY = [
  [200, "#3f1a6b"],
  [50, "#6a3d9a"],
  [10, "#9467bd"],
  [3, "#bc9bd6"],
  [1, "#ded0ea"],
];
const FRESH_DAYS = 365;
const densityColour = (count) => DENSITY.find(([least]) => count >= least)[1];

/** Where and how densely was measured, as squares of at least 153 m. */
export function makeEvidence(map, { load }) {
  const renderer = canvasIn("cells");
  const group = L.layerGroup();
  const pixels = 16;
  let isShown = false;
  let query = {};
  let cells = [];
  let asking = null;

  function draw(today) {
    group.clearLayers();
    for (const { extent, count, day } of cells) {
      const isFresh = today - day <= FRESH_DAYS;
      L.rectangle(toCorners(extent), {
        pane: "cells",
        renderer,
        interactive: false,
        stroke: !isFresh,
        color: "#3f1a6b",
        weight: 0.5,
        dashArray: "2 3",
        fillColor: densityColour(count),
        fillOpacity: isFresh ? 0.8 : 0.35,
      }).addTo(group);
    }
  }

  async function refresh(extentOfMap = boundsOf(map)) {
    if (!isShown || query.run === undefined) return;
    asking?.abort();
    asking = new AbortController();
    const level = levelFor(map.getZoom(), pixels);
    const data = await load({ ...query, ...askFor(extentOfMap, level) }, asking.signal);
    if (!data || !isShown) return;
    cells = data.cells.map(([column, row, day, count]) => ({
      extent: cellExtent(column, row, data.level),
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
