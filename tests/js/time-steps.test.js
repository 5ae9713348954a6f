import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CHANGES,
  comparedWith,
  movedBy,
  nextIndex,
  readTime,
  runsBefore,
  sentencesOf,
  writeTime,
} from "../../static/js/map/time-steps.js";
import { makeWords } from "../../static/js/map/words.js";

const USUAL = { run: null, from: null, mode: "single", without: [], isFolded: false };
const read = (search) => readTime(new URLSearchParams(search));

test("what an address does not know of time is the usual", () => {
  assert.deepEqual(read(""), USUAL);
  assert.deepEqual(read("run=abc&from=-1&time=sideways&without=all"), USUAL);
  assert.deepEqual(read("run=0x10&from=1e3"), USUAL);
});

test("what is compared survives being written and read", () => {
  const time = { run: 7, from: 3, mode: "difference", without: ["newly_measured"] };
  time.isFolded = true;
  const query = new URLSearchParams();
  writeTime(query, time);
  assert.deepEqual(readTime(query), time);
  const nothing = new URLSearchParams();
  writeTime(nothing, { ...USUAL, from: 3 });
  assert.equal(nothing.toString(), "");
});

const runs = Array.from({ length: 16 }, (_, n) => ({ id: 10 + 2 * n }));

test("a run is compared with one before it: that asked for, or of a year before", () => {
  assert.equal(comparedWith(runs, 40, 12).id, 12);
  assert.equal(comparedWith(runs, 40, null).id, 16);
  // One that came later cannot be what was before.
  assert.equal(comparedWith(runs, 14, 30).id, 10);
  assert.equal(comparedWith(runs, 10, null), null);
  assert.equal(comparedWith([], 10, null), null);
  assert.deepEqual(runsBefore(runs, 14).map(({ id }) => id), [10, 12]);
  assert.deepEqual(runsBefore(runs, 999), []);
});

test("playing begins anew after the last month", () => {
  assert.deepEqual([0, 1, 2].map((n) => nextIndex(n, 3)), [1, 2, 0]);
});

const texts = {
  time_since: "Sejak {since}: {changes}.",
  time_nothing: "Sejak {since} tidak ada yang berubah.",
  time_change_area: Object.fromEntries(CHANGES.map((name) => [name, `{area} ${name}`])),
  time_places: {
    newly_covered: "Menjadi terjangkau: {places}.",
    newly_blank: "Menjadi blank spot: {places}.",
    newly_measured: "Baru diukur: {places}.",
  },
  time_people: "{settlements} (±{people} jiwa)",
  time_people_unknown: "{settlements} (belum ada data jumlah jiwa)",
  time_settlements_one: "1 permukiman",
  time_settlements_other: "{count} permukiman",
  time_village_points_other: "titik {count} desa",
  time_schools_other: "{count} sekolah",
  time_health_centres_other: "{count} puskesmas",
};
const words = makeWords("id", texts, { high: 0.8, medium: 0.6 });
const none = {
  area_km2: 0,
  settlements: 0,
  people: null,
  village_points: 0,
  schools: 0,
  health_centres: 0,
};
const totals = (values) => ({
  ...Object.fromEntries(CHANGES.map((name) => [name, none])),
  ...values,
});

test("the sums are one sentence, and people another", () => {
  const found = sentencesOf(words, {
    since: "Maret 2026",
    totals: totals({
      newly_covered: { ...none, area_km2: 12.44, settlements: 3, people: 210, schools: 1 },
      newly_measured: { ...none, area_km2: 2100.4, village_points: 2 },
    }),
  });
  assert.deepEqual(
    found.map((sentence) => sentence.replaceAll("\u00a0", " ")),
    [
      "Sejak Maret 2026: 12,4 km² newly_covered, 2.100 km² newly_measured.",
      "Menjadi terjangkau: 3 permukiman (±210 jiwa), 1 sekolah.",
      "Baru diukur: titik 2 desa.",
    ],
  );
});

test("a number of people that nobody loaded is not zero", () => {
  const [, places] = sentencesOf(words, {
    since: "Maret 2026",
    totals: totals({ newly_blank: { ...none, area_km2: 1, settlements: 2 } }),
  });
  assert.equal(places, "Menjadi blank spot: 2 permukiman (belum ada data jumlah jiwa).");
});

test("where nothing lies between two runs, that is said", () => {
  assert.deepEqual(sentencesOf(words, { since: "Maret 2026", totals: totals({}) }), [
    "Sejak Maret 2026 tidak ada yang berubah.",
  ]);
});

test("the divider stays on the map, and leaves other keys alone", () => {
  assert.equal(movedBy("ArrowRight", 0.5), 0.52);
  assert.equal(movedBy("PageDown", 0.05), 0);
  assert.equal(movedBy("ArrowUp", 1), 1);
  assert.deepEqual(["Home", "End"].map((key) => movedBy(key, 0.5)), [0, 1]);
  assert.equal(movedBy("Tab", 0.5), null);
});
