import assert from "node:assert/strict";
import { test } from "node:test";

import geodesic from "geographiclib-geodesic";

import {
  areaOf,
  areaText,
  crossesItself,
  lengthOf,
  lengthText,
  measureFromText,
  measureToText,
} from "../../static/js/map/geodesy.js";
import { makeWords } from "../../static/js/map/words.js";

const { number } = makeWords("id", {}, {});
const near = (value, expected, share) =>
  assert.ok(Math.abs(value / expected - 1) < share, `${value} is not ${expected}`);

test("a degree on the equator is what the ellipsoid says", () => {
  // 2πa/360 with a = 6 378 137 m; the meridian's degree at the equator is 110 574 m.
  near(lengthOf(geodesic, [[116, 0], [117, 0]]), 111_319.490_793, 1e-9);
  near(lengthOf(geodesic, [[116, -0.5], [116, 0.5]]), 110_574.3, 1e-6);
});

test("a line adds up over its points", () => {
  near(lengthOf(geodesic, [[116, 0], [116.4, 0], [117, 0]]), 111_319.490_793, 1e-9);
  assert.equal(lengthOf(geodesic, [[116, 0]]), 0);
});

test("the area of a square degree is what the ellipsoid says, either way round", () => {
  // Between the equator and 1° N, 1° wide: 12 308.778 km² (authalic integral).
  const ring = [[116, 0], [117, 0], [117, 1], [116, 1]];
  const { area, perimeter } = areaOf(geodesic, ring);
  near(area, 12_308_778_361.469, 1e-9);
  near(areaOf(geodesic, [...ring].reverse()).area, area, 1e-12);
  near(perimeter, 443_770.917, 1e-8);
});

test("a ring that crosses itself is noticed, and a plain one is not", () => {
  assert.equal(crossesItself([[0, 0], [1, 0], [1, 1], [0, 1]]), false);
  assert.equal(crossesItself([[0, 0], [1, 1], [1, 0], [0, 1]]), true);
  assert.equal(crossesItself([[0, 0], [1, 0], [0, 1]]), false);
});

test("lengths and areas are said in the unit people use", () => {
  assert.equal(lengthText(849.6, number), "850\u00a0m");
  assert.equal(lengthText(1234, number), "1,23\u00a0km");
  assert.equal(lengthText(12_440, number), "12,4\u00a0km");
  assert.equal(areaText(25_000, number), "2,50\u00a0ha");
  assert.equal(areaText(12_440_000, number), "12,4\u00a0km² (1.244\u00a0ha)");
});

test("a measurement survives the address; what is none is left out", () => {
  const measured = { kind: "area", points: [[116.05, 0], [116.1, -0.12345], [116, 0.2]] };
  assert.equal(measureToText(measured), "area:116.05,0;116.1,-0.12345;116,0.2");
  assert.deepEqual(measureFromText(measureToText(measured)), measured);
  const many = { kind: "line", points: Array(61).fill([116, 0]) };
  for (const text of [
    null,
    "",
    "line:",
    "line:1",
    "line:1,2,3",
    "line:200,0",
    "box:1,2",
    "line:.,1",
    measureToText(many),
  ])
    assert.equal(measureFromText(text), null, text);
});
