// The size that is told is that of the pictures that come, each counted once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tilesOf } from "../../static/js/report/trip.js";

const address = "/tiles/7/ANY/internet/{z}/{x}/{y}.png";

test("a tile that two districts share is counted and fetched once", () => {
  const tabang = { tiles: [[8, 210, 127, 100], [10, 841, 510, 900]] };
  const kenohan = { tiles: [[8, 210, 127, 100], [10, 842, 510, 800]] };
  assert.deepEqual(tilesOf([tabang, kenohan], address), [
    ["/tiles/7/ANY/internet/8/210/127.png", 100],
    ["/tiles/7/ANY/internet/10/841/510.png", 900],
    ["/tiles/7/ANY/internet/10/842/510.png", 800],
  ]);
});

test("no district, no tile", () => {
  assert.deepEqual(tilesOf([], address), []);
});
