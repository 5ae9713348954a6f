import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellExtent,
  classColour,
  CLASSES,
  dayToIso,
  DENSITY,
  densityColour,
  levelFor,
  shareOf,
} from "../../static/js/map/counts.js";

const none = {
  covered: 0,
  weak: 0,
  likely_blank: 0,
  blank: 0,
  unknown: 0,
  is_stand_in: false,
};

test("the share is of all settlements, and weak is covered", () => {
  const share = shareOf({ ...none, covered: 2, weak: 1, blank: 1, unknown: 4 });
  assert.equal(share.total, 8);
  assert.equal(share.covered, 3);
  assert.equal(share.share, 3 / 8);
  assert.equal(share.isMostlyUnknown, false);
});

test("unknown is neither covered nor blank", () => {
  const share = shareOf({ ...none, unknown: 3, covered: 2 });
  assert.ok(share.isMostlyUnknown);
  assert.equal(shareOf(none), null);
  assert.equal(shareOf(undefined), null);
});

test("every class of shares is reached, and only all is all", () => {
  const shares = [1, 0.99, 0.6, 0.3, 0.01, 0];
  assert.deepEqual(
    shares.map(classColour),
    CLASSES.map(([, colour]) => colour),
  );
});

test("a density means the same at every level", () => {
  assert.equal(densityColour(4, 0), densityColour(16, 1));
  assert.equal(densityColour(3, 0), DENSITY[0][1]);
  assert.equal(densityColour(1, 12), DENSITY.at(-1)[1]);
});

test("cells are about as wide as asked, and never smaller than a square", () => {
  for (const zoom of [5, 8.25, 10, 13, 18]) {
    const level = levelFor(zoom, 16);
    const width = 2 ** (level + zoom - 10);
    assert.ok(level === 0 || (width > 11 && width < 23), `${zoom}: ${width}`);
  }
});

test("a cell lies where the grid has it", () => {
  const [west, south, east, north] = cellExtent(131072, 131072, 0);
  assert.equal(west, 0);
  assert.equal(north, 0);
  assert.ok(Math.abs(east - 360 / 262144) < 1e-12);
  assert.ok(south < 0 && south > -0.0014);
  assert.deepEqual(cellExtent(0, 0, 18).map(Math.round), [-180, -85, 180, 85]);
});

test("days are counted from 1970", () => {
  assert.equal(dayToIso(0), "1970-01-01");
  assert.equal(dayToIso(20454), "2026-01-01");
});
