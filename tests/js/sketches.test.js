import assert from "node:assert/strict";
import { test } from "node:test";

import { readSketches } from "../../static/js/map/sketches.js";

const TOPOLOGY = {
  type: "Topology",
  transform: { scale: [0.5, 0.5], translate: [0, 0] },
  objects: {
    spots: {
      type: "GeometryCollection",
      geometries: [
        {
          type: "MultiPolygon",
          arcs: [[[0]]],
          properties: { id: "a", villages: ["64.02.06.2001", "64.02.06.2002"] },
        },
      ],
    },
  },
  arcs: [[[234, 0], [0, 1], [-2, 0], [0, -1], [2, 0]]],
  village_names: { "64.02.06.2001": "Loa Raya" },
};

test("a sketch becomes a feature in degrees", () => {
  const { features } = readSketches(TOPOLOGY);
  assert.equal(features.length, 1);
  assert.deepEqual(features[0].geometry, {
    type: "MultiPolygon",
    coordinates: [[[[117, 0], [117, 0.5], [116, 0.5], [116, 0], [117, 0]]]],
  });
});

test("villages are named, and by their code where no name came", () => {
  const { features } = readSketches(TOPOLOGY);
  assert.deepEqual(features[0].properties.village_names, ["Loa Raya", "64.02.06.2002"]);
});
