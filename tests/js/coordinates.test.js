import assert from "node:assert/strict";
import { test } from "node:test";

import { coordinatesText, parseCoordinates } from "../../static/js/map/coordinates.js";
import { fill, makeWords } from "../../static/js/map/words.js";

const HERE = [116.97, -0.5];

for (const typed of [
  "-0.5, 116.97",
  "-0.5,116.97",
  "-0,5; 116,97",
  "-0,5 116,97",
  "-0,5, 116,97",
  "-0,5,116,97",
  "−0.5 116.97",
  "116.97, -0.5",
  "116,97 -0,5",
  "0°30'S 116°58.2'E",
  "0° 30′ 0″ S, 116° 58′ 12″ E",
  "0°30'LS 116°58'12\"BT",
  "116,97° BT; 0,5° LS",
  "0.5 S 116.97 E",
  "S 0.5 E 116.97",
  "s0.5, e116.97",
  "0,5° LS, 116,97° BT",
  "0.5 LS 116.97",
]) {
  test(`${typed} is a place in the regency`, () => {
    const found = parseCoordinates(typed);
    assert.ok(found, "not read");
    assert.ok(Math.abs(found[0] - HERE[0]) < 1e-9, found);
    assert.ok(Math.abs(found[1] - HERE[1]) < 1e-9, found);
  });
}

test("north of the equator is told from south", () => {
  assert.deepEqual(parseCoordinates("0.25 LU 116 BT"), [116, 0.25]);
  assert.deepEqual(parseCoordinates("0.25, 116"), [116, 0.25]);
});

test("outside the regency latitude comes first unless it cannot", () => {
  assert.deepEqual(parseCoordinates("-6.2, 106.8"), [106.8, -6.2]);
  assert.deepEqual(parseCoordinates("106.8, -6.2"), [106.8, -6.2]);
});

for (const typed of [
  "",
  "RT 5",
  "Loa Kulu",
  "SDN 012 Tabang",
  "12",
  "1.2.3 4",
  "0°30'S 1°E 2",
  "0°75'S 116°E",
  "0.5 S 116.97 S",
  "95, 200",
  "S 0.5 S 116.97",
  "Tabang 5 7",
  "1 2 3",
]) {
  test(`“${typed}” is no place`, () => assert.equal(parseCoordinates(typed), null));
}

test("coordinates are written in the reader's language", () => {
  const texts = {
    latitude_north: "{degrees}° LU",
    latitude_south: "{degrees}° LS",
    longitude_east: "{degrees}° BT",
    longitude_west: "{degrees}° BB",
  };
  const { number } = makeWords("id", {}, {});
  assert.equal(
    coordinatesText([116.97, -0.5], { number, fill, texts }),
    "0,50000° LS, 116,97000° BT",
  );
});
