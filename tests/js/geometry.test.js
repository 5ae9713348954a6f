import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clusterPoints,
  contains,
  entriesWithin,
  extentOf,
  featuresAt,
  indexFeatures,
  joinExtents,
  placeLabels,
} from "../../static/js/map/geometry.js";

const square = (west, south, size) => [
  [west, south],
  [west + size, south],
  [west + size, south + size],
  [west, south + size],
  [west, south],
];
const holed = {
  type: "MultiPolygon",
  coordinates: [[square(0, 0, 4), square(1, 1, 2)], [square(10, 0, 1)]],
};
const feature = (geometry, name) => ({ type: "Feature", geometry, properties: { name } });

test("a hole is outside, the second part is inside", () => {
  assert.equal(contains(holed, [0.5, 0.5]), true);
  assert.equal(contains(holed, [2, 2]), false);
  assert.equal(contains(holed, [10.5, 0.5]), true);
  assert.equal(contains(holed, [7, 0.5]), false);
});

test("two squares with a common edge share no point of it", () => {
  const left = { type: "Polygon", coordinates: [square(0, 0, 1)] };
  const right = { type: "Polygon", coordinates: [square(1, 0, 1)] };
  for (const lat of [0, 0.25, 0.5, 0.999]) {
    const both = [left, right].filter((geometry) => contains(geometry, [1, lat]));
    assert.equal(both.length, 1);
  }
});

test("what has no geometry holds nothing and is not indexed", () => {
  assert.equal(contains(null, [0, 0]), false);
  assert.deepEqual(indexFeatures([feature(null, "none")]), []);
});

test("an extent covers every part", () => {
  assert.deepEqual(extentOf(holed), [0, 0, 11, 4]);
  assert.deepEqual(extentOf({ type: "Point", coordinates: [3, -1] }), [3, -1, 3, -1]);
  assert.deepEqual(joinExtents([[0, 0, 1, 1], [5, -2, 6, 0]]), [0, -2, 6, 1]);
});

test("features at a point keep the order of the index", () => {
  const small = feature({ type: "Polygon", coordinates: [square(0, 0, 1)] }, "small");
  const large = feature({ type: "Polygon", coordinates: [square(0, 0, 9)] }, "large");
  const index = indexFeatures([small, large]);
  assert.deepEqual(
    featuresAt(index, [0.5, 0.5]).map(({ properties }) => properties.name),
    ["small", "large"],
  );
  assert.deepEqual(entriesWithin(index, [5, 5, 6, 6]).length, 1);
});

test("points are grouped by square and none is lost", () => {
  const points = [
    { x: 1, y: 1 },
    { x: 9, y: 3 },
    { x: 11, y: 1 },
    { x: -1, y: 1 },
  ];
  const groups = clusterPoints(points, 10);
  assert.deepEqual(groups.map(({ members }) => members.length).sort(), [1, 1, 2]);
  const pair = groups.find(({ members }) => members.length === 2);
  assert.deepEqual([pair.x, pair.y], [5, 2]);
});

test("of two labels over each other the more important stays", () => {
  const label = (name, x) => ({ name, x, y: 0, width: 10, height: 10 });
  const kept = placeLabels([label("a", 0), label("b", 5), label("c", 20)]);
  assert.deepEqual(kept.map(({ name }) => name), ["a", "c"]);
});
