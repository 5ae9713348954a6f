import assert from "node:assert/strict";
import test from "node:test";

import { readDegrees, stepped } from "../../static/js/places/position.js";

test("degrees are read with point or comma, and what is none is no position", () => {
  assert.deepEqual(readDegrees("116,98", " -0.42 "), [116.98, -0.42]);
  assert.deepEqual(readDegrees("116", "0°"), [116, 0]);
  for (const text of ["", "x", "1e3", "500123", "116,98,1"])
    assert.equal(readDegrees(text, "0"), null);
  assert.equal(readDegrees("116", "86"), null);
});

test("a step goes as many pixels as it says", () => {
  assert.deepEqual(stepped({ x: 5, y: 5 }, [-1, 0], 10), [-5, 5]);
});
