import assert from "node:assert/strict";
import { test } from "node:test";

import {
  countFilters,
  NO_FILTERS,
  passesPlace,
  passesSite,
  passesSpot,
  passesVillage,
  readFilters,
  reportQuery,
  writeFilters,
} from "../../static/js/map/filters.js";

const read = (search) => readFilters(new URLSearchParams(search));
const spot = {
  area_km2: 12.4,
  confidence: 0.7,
  districts: ["64.02.12"],
  villages: ["64.02.12.2001", "64.02.12.2002"],
  is_demo: true,
};

test("an address without filters has none", () => {
  assert.deepEqual(read(""), { ...NO_FILTERS });
  assert.equal(countFilters(read("")), 0);
});

test("what cannot be meant is no filter", () => {
  for (const search of [
    "district=Tabang",
    "in_village=64.02.12",
    "min_area=-1",
    "min_area=0",
    "min_area=big",
    "min_area=",
    "min_area=Infinity",
    "min_confidence=1.5",
    "technology=6G",
    "since=2026-13-01",
    "since=yesterday",
    "until=01-02-2026",
    "demo=on",
  ]) {
    assert.deepEqual(read(search), { ...NO_FILTERS }, search);
  }
});

test("filters survive being written and read", () => {
  const filters = read(
    "district=64.02.12&in_village=64.02.12.2001&min_area=1.5&min_confidence=0.6" +
      "&technology=5G&since=2026-01-01&until=2026-06-30&demo=off",
  );
  const query = new URLSearchParams();
  writeFilters(filters, query);
  assert.deepEqual(readFilters(query), filters);
  assert.equal(countFilters(filters), 8);
});

test("a village brings its own district", () => {
  assert.equal(read("in_village=64.02.12.2001&district=64.02.06").district, "64.02.12");
});

test("a blank spot passes what it meets and nothing else", () => {
  assert.ok(passesSpot(spot, read("")));
  assert.ok(passesSpot(spot, read("district=64.02.12&min_area=12.4&min_confidence=0.7")));
  assert.ok(passesSpot(spot, read("in_village=64.02.12.2002")));
  for (const search of [
    "district=64.02.06",
    "in_village=64.02.12.2003",
    "min_area=12.5",
    "min_confidence=0.71",
    "demo=off",
  ]) {
    assert.ok(!passesSpot(spot, read(search)), search);
  }
});

test("what is about reports hides no blank spot", () => {
  assert.ok(passesSpot(spot, read("technology=2G&since=2030-01-01&until=2030-01-02")));
});

test("a place passes by its village and by being demonstration", () => {
  const place = { village_id: "64.02.12.2001", is_demo: false };
  assert.ok(passesPlace(place, read("district=64.02.12&demo=off")));
  assert.ok(!passesPlace(place, read("in_village=64.02.12.2002")));
  assert.ok(!passesPlace({ ...place, is_demo: true }, read("demo=off")));
  assert.ok(!passesPlace({ village_id: null }, read("district=64.02.12")));
  assert.ok(passesVillage("64.02.12.2001", read("")));
});

test("a site of an unknown operator is never hidden by the operator", () => {
  const site = { village_id: null, operators: [], technologies: ["4G"], is_demo: false };
  assert.ok(passesSite(site, read(""), "INDOSAT"));
  assert.ok(passesSite({ ...site, operators: ["INDOSAT"] }, read(""), "INDOSAT"));
  assert.ok(!passesSite({ ...site, operators: ["XLSMART"] }, read(""), "INDOSAT"));
  assert.ok(!passesSite(site, read("technology=2G"), "ANY"));
});

test("the server is asked about reports in its own words", () => {
  const filters = read("in_village=64.02.12.2001&technology=4G&since=2026-01-01&demo=off");
  assert.deepEqual(reportQuery(filters, "ANY"), {
    operator: null,
    technology: "4G",
    since: "2026-01-01",
    until: null,
    district: "64.02.12",
    village: "64.02.12.2001",
    demo: "off",
  });
  assert.equal(reportQuery(filters, "XLSMART").operator, "XLSMART");
});
