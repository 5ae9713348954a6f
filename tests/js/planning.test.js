import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.window = {};
const { boxOf, cornersOf } = await import("../../static/js/planning/map.js");

test("a circle's box reaches as far as the circle on all sides", () => {
  const [[west, south], [east, north]] = boxOf({ lon: 116, lat: 0, radius_m: 110_574 });
  assert.deepEqual([south, north], [-1, 1]);
  assert.ok(Math.abs(east - 116 - 0.9933) < 1e-4 && Math.abs(116 - west - 0.9933) < 1e-4);
});

test("the dots are looked at only where there is nothing else", () => {
  const dots = [{ lon: 1, lat: 2 }];
  assert.deepEqual(cornersOf({ points: [], circles: [], dots }), [[1, 2]]);
  assert.deepEqual(cornersOf({ points: [{ lon: 3, lat: 4 }], circles: [], dots }), [[3, 4]]);
});
