import assert from "node:assert/strict";
import { test } from "node:test";

import { fill, findPlaces, makeWords, searchKey, shares } from "../../static/js/map/words.js";

const texts = {
  spot_confidence_value: "{word} ({percent})",
  confidence: { high: "keyakinan tinggi", medium: "sedang", low: "rendah" },
  reports_one: "1 laporan",
  reports_other: "{count} laporan",
};
const limits = { high: 0.8, medium: 0.6 };
const id = makeWords("id", texts, limits);
const en = makeWords("en", { ...texts, reports_one: "1 report", reports_other: "{count} reports" }, limits);

test("numbers are written as in the reader's language", () => {
  assert.equal(id.area(12.44), "12,4\u00a0km²");
  assert.equal(en.area(12.44), "12.4\u00a0km²");
  assert.equal(id.area(1234.5), "1.235\u00a0km²");
  assert.equal(id.area(0.251), "0,25\u00a0km²");
  assert.equal(id.number(20000), "20.000");
});

test("a share that is there is never shown as nothing, nor a part as the whole", () => {
  assert.equal(id.percent(0), "0%");
  assert.equal(id.percent(0.001), "<1%");
  assert.equal(id.percent(0.999), ">99%");
  assert.equal(id.percent(1), "100%");
});

test("confidence is said in a word and a figure", () => {
  assert.equal(id.confidence(0.86), "keyakinan tinggi (86%)");
  assert.equal(id.confidence(0.6), "sedang (60%)");
  assert.equal(id.confidence(0.4), "rendah (40%)");
});

test("counts take the singular where there is one", () => {
  assert.equal(en.count("reports", 1), "1 report");
  assert.equal(en.count("reports", 1234), "1,234 reports");
  assert.equal(id.count("reports", 1), "1 laporan");
});

test("moments are shown in the regency's own time", () => {
  // 18:30 in London is half past two the next morning in Tenggarong.
  assert.match(id.moment("2026-03-01T18:30:00Z"), /^2 Maret 2026, 02\.30\u00a0WITA$/);
  assert.equal(id.date("2026-03-01T18:30:00Z"), "2 Maret 2026");
  assert.match(en.moment("2026-03-01T18:30:00Z"), /^2 March 2026, 02:30\u00a0WITA$/);
});

test("age is said in days, then months, then years", () => {
  const now = new Date("2026-11-23T00:00:00Z");
  assert.equal(en.age("2026-11-11T00:00:00Z", now), "12 days ago");
  assert.equal(en.age("2026-08-23T00:00:00Z", now), "3 months ago");
  assert.equal(en.age("2023-11-23T00:00:00Z", now), "3 years ago");
  // A phone whose clock is ahead has not reported from the future.
  assert.equal(en.age("2026-11-25T00:00:00Z", now), "today");
});

test("shares add up to one, weak taken out of covered", () => {
  const parts = shares({
    covered_km2: 5,
    weak_km2: 2,
    likely_blank_km2: 1,
    blank_km2: 1,
    unknown_km2: 3,
  });
  assert.deepEqual(parts.map(({ share }) => share), [0.3, 0.2, 0.1, 0.1, 0.3]);
  assert.equal(shares(null), null);
  assert.equal(
    shares({ covered_km2: 0, weak_km2: 0, likely_blank_km2: 0, blank_km2: 0, unknown_km2: 0 }),
    null,
  );
});

test("names in braces are filled, others left alone", () => {
  assert.equal(fill("{a} dan {b}", { a: 1 }), "1 dan {b}");
});

test("a village is found by the spellings that sources use", () => {
  const places = ["Buluk Sen", "Umaq Dian", "Muara Aloh", "Long Beleh Modang"].map(
    (name) => ({ name, key: searchKey(name) }),
  );
  const names = (typed) => findPlaces(places, typed).map(({ name }) => name);
  assert.deepEqual(names("buluq sen"), ["Buluk Sen"]);
  assert.deepEqual(names("umak"), ["Umaq Dian"]);
  assert.deepEqual(names("  "), []);
  assert.deepEqual(names("m"), ["Muara Aloh", "Long Beleh Modang", "Umaq Dian"]);
});
