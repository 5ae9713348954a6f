// What is counted by cells of the grid and by villages: plain arithmetic. No map, no page.
// A cell is a block of 2^level by 2^level squares of the grid.

// A square is a pixel at this zoom (coverage/core/grid.py).
const GRID_ZOOM = 10;
const WORLD_SQUARES = 256 * 2 ** GRID_ZOOM;
const MAX_LEVEL = 12;
export const DAY_MS = 86_400_000;

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

// How densely a place was measured: the least reports per km² of each class and its
// colour. Per km², so that a colour means the same at every zoom.
export const DENSITY = [
  [100, "#3f1a6b"],
  [10, "#6a3d9a"],
  [1, "#9467bd"],
  [0.1, "#bc9bd6"],
  [0, "#ded0ea"],
];
// Of a square at the equator (coverage/core/grid.py).
const SQUARE_KM2 = 0.02321;
export const densityColour = (count, level) =>
  DENSITY.find(([least]) => count / (SQUARE_KM2 * 4 ** level) >= least)[1];

// The least share of each class and its colour, dark at both ends.
export const CLASSES = [
  [1, "#1e7a73"],
  [0.75, "#5aa79d"],
  [0.5, "#a9d6cc"],
  [0.25, "#f6dca6"],
  [Number.MIN_VALUE, "#eda24a"],
  [0, "#a02410"],
];

/** What a village's settlements say: {total, covered, unknown, share} or null. */
export function shareOf(counts) {
  if (!counts) return null;
  const covered = counts.covered + counts.weak;
  const total = covered + counts.likely_blank + counts.blank + counts.unknown;
  if (total === 0) return null;
  return {
    total,
    covered,
    unknown: counts.unknown,
    // Of all settlements: nobody knows whether the unknown ones are covered.
    share: covered / total,
    isMostlyUnknown: counts.unknown * 2 > total,
    isStandIn: counts.is_stand_in,
  };
}

export const classColour = (share) => CLASSES.find(([least]) => share >= least)[1];
