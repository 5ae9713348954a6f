import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_FILTERS } from "../../static/js/map/filters.js";
import { DEFAULTS, readView, writeView } from "../../static/js/map/permalink.js";

const known = {
  operators: ["ANY", "TELKOMSEL", "INDOSAT", "XLSMART"],
  services: ["internet", "voice"],
};

test("an empty address is the usual view", () => {
  assert.deepEqual(readView("", "", known), {
    ...DEFAULTS,
    filters: { ...NO_FILTERS },
    spot: null,
    village: null,
    time: { run: null, from: null, mode: "single", without: [], isFolded: false },
    at: null,
    measure: null,
    position: null,
  });
});

test("a view survives being written and read", () => {
  const view = {
    operator: "INDOSAT",
    service: "voice",
    layers: ["spots", "reports"],
    filters: {
      ...NO_FILTERS,
      district: "64.02.12",
      in_village: "64.02.12.2001",
      min_area: 2.5,
      min_confidence: 0.8,
      technology: "4G",
      since: "2026-01-31",
      demo: "off",
    },
    spot: "9d1c7d3e-6df3-4b0e-8a6f-0f3f3cbb0c55",
    village: null,
    time: {
      run: 12,
      from: 5,
      mode: "difference",
      without: ["newly_measured"],
      isFolded: true,
    },
    basemap: "office",
    at: [116.4321, -0.53],
    measure: "area:116.05,0;116.1,-0.1;116,0.2",
    position: { zoom: 11.5, lon: 116.4321, lat: -0.5309 },
  };
  const url = new URL(writeView(view), "http://localhost/");
  assert.deepEqual(readView(url.search, url.hash, known), view);
});

test("what is usual is left out of the address", () => {
  const view = { ...DEFAULTS, filters: NO_FILTERS, spot: null, village: null, position: null };
  assert.equal(writeView(view), "");
});

test("a village and a blank spot are never both open", () => {
  const view = readView("?spot=a&village=b", "", known);
  assert.equal(view.spot, "a");
  assert.equal(view.village, null);
});

test("all layers switched off is a view of its own", () => {
  const address = writeView({ ...DEFAULTS, layers: [], position: null });
  assert.equal(address, "?layers=");
  assert.deepEqual(readView(address, "", known).layers, []);
});

test("nonsense in the address falls back to the usual", () => {
  const view = readView("?operator=X&service=tv&layers=spots,moon", "#a/b/c", known);
  assert.equal(view.operator, "ANY");
  assert.equal(view.service, "internet");
  assert.deepEqual(view.layers, ["spots"]);
  assert.equal(view.position, null);
});

test("a position off the earth is no position", () => {
  for (const hash of ["#10/91/116", "#10/0/181", "#-1/0/116", "#10/0", "#10//", ""]) {
    assert.equal(readView("", hash, known).position, null, hash);
  }
  assert.deepEqual(readView("", "#10/-0.5/116.5", known).position, {
    zoom: 10,
    lat: -0.5,
    lon: 116.5,
  });
});
