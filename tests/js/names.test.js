import assert from "node:assert/strict";
import { test } from "node:test";

import { boxOfMark, namesWithRoom } from "../../static/js/map/names.js";

// A view of 100 by 100 degrees, a degree a pixel.
const map = {
  getBounds: () => ({
    pad: () => ({ contains: ([lat, lon]) => 0 <= lon && lon <= 100 && 0 <= lat && lat <= 100 }),
  }),
  latLngToContainerPoint: ([lat, lon]) => ({ x: lon, y: 100 - lat }),
};
const named = (name, lon, lat, more = {}) => ({ name, lon, lat, letterPx: 5, ...more });
const shown = (...names) => namesWithRoom(map, names).map(({ name }) => name);

test("a name that would lie over one before it is not written", () => {
  assert.deepEqual(shown(named("Muara Jawa", 50, 50), named("Sanga-Sanga", 60, 55)), [
    "Muara Jawa",
  ]);
  assert.deepEqual(shown(named("Anggana", 20, 50), named("Tabang", 80, 50)), [
    "Anggana",
    "Tabang",
  ]);
});

test("what is out of view or has no place takes no room", () => {
  assert.deepEqual(
    shown(named("Beyond", -30, 50), named("Nowhere", null, null), named("Here", 2, 50)),
    ["Here"],
  );
});

test("a name above its dot leaves the room below it", () => {
  const above = named("Hulu", 50, 50, { downPx: -12 });
  assert.deepEqual(shown(above, named("Hilir", 50, 44)), ["Hulu", "Hilir"]);
  assert.deepEqual(shown(named("Hulu", 50, 50), named("Hilir", 50, 44)), ["Hulu"]);
});

test("a name goes beside a mark, and is left out where there is no room beside it", () => {
  const mark = boxOfMark(map, [50, 50], 32);
  const [beside] = namesWithRoom(map, [named("Hulu", 50, 50)], [mark]);
  assert.equal(beside.downPx, -26);
  const around = [mark, boxOfMark(map, [50, 75], 16), boxOfMark(map, [50, 25], 16)];
  assert.deepEqual(namesWithRoom(map, [named("Hulu", 50, 50)], around), []);
});
