// What a camera wrote is read as it stands, and whatever else comes is no reason to fail.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readExif } from "../../static/js/report/exif.js";

const NOTHING = { position: null, takenAt: null };

/** A JPEG with an EXIF block of our own making, in either order of bytes. */
function jpeg({ isLittle = true, gps, exif = [], before = [] } = {}) {
  const tiff = new DataView(new ArrayBuffer(1024));
  let free = 512; // where values that do not fit into an entry go
  const writeDirectory = (at, entries) => {
    tiff.setUint16(at, entries.length, isLittle);
    entries.forEach(([tag, type, values], i) => {
      const entry = at + 2 + 12 * i;
      const bytes = type === 2 ? [...values].map((c) => c.charCodeAt(0)).concat(0) : null;
      const count = bytes ? bytes.length : values.length;
      tiff.setUint16(entry, tag, isLittle);
      tiff.setUint16(entry + 2, type, isLittle);
      tiff.setUint32(entry + 4, count, isLittle);
      let place = entry + 8;
      if (type === 5 || (bytes && count > 4)) {
        tiff.setUint32(entry + 8, free, isLittle);
        place = free;
      }
      if (bytes) bytes.forEach((byte, j) => tiff.setUint8(place + j, byte));
      else if (type === 5)
        values.forEach(([above, below], j) => {
          tiff.setUint32(place + 8 * j, above, isLittle);
          tiff.setUint32(place + 8 * j + 4, below, isLittle);
        });
      else tiff.setUint32(place, values[0], isLittle);
      if (place === free) free += type === 5 ? 8 * count : count;
    });
  };
  tiff.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, isLittle);
  tiff.setUint32(4, 8, isLittle);
  const first = [[0x8769, 4, [128]]];
  if (gps) first.push([0x8825, 4, [256]]);
  writeDirectory(8, first);
  writeDirectory(128, exif);
  if (gps) writeDirectory(256, gps);
  const segment = [0x45, 0x78, 0x69, 0x66, 0, 0, ...new Uint8Array(tiff.buffer)];
  const length = segment.length + 2;
  return new Uint8Array([
    ...[0xff, 0xd8, ...before, 0xff, 0xe1, length >> 8, length & 255],
    ...segment,
    ...[0xff, 0xda, 0, 2, 1, 2, 3],
  ]).buffer;
}

const HERE = [
  [1, 2, "S"],
  [2, 5, [[0, 1], [24, 1], [3000, 100]]],
  [3, 2, "E"],
  [4, 5, [[116, 1], [3, 1], [0, 1]]],
];

for (const isLittle of [true, false]) {
  test(`place and time are read, little endian: ${isLittle}`, () => {
    const exif = [
      [0x9003, 2, "2026:11:24 09:12:00"],
      [0x9011, 2, "+08:00"],
    ];
    const { position, takenAt } = readExif(jpeg({ isLittle, gps: HERE, exif }));
    assert.ok(Math.abs(position.lat - -(24 / 60 + 30 / 3600)) < 1e-9);
    assert.ok(Math.abs(position.lon - 116.05) < 1e-9);
    assert.equal(takenAt, "2026-11-24T01:12:00.000Z");
  });
}

test("without a zone the time is the phone's own", () => {
  const { takenAt } = readExif(jpeg({ exif: [[0x9003, 2, "2026:11:24 09:12:00"]] }));
  assert.equal(takenAt, new Date(2026, 10, 24, 9, 12, 0).toISOString());
});

test("other segments may stand before it", () => {
  const app0 = [0xff, 0xe0, 0, 6, 1, 2, 3, 4];
  const app1 = [0xff, 0xe1, 0, 8, 0x68, 0x74, 0x74, 0x70, 1, 2]; // XMP
  assert.ok(readExif(jpeg({ gps: HERE, before: [...app0, ...app1] })).position);
});

test("west and south are negative", () => {
  const gps = [[1, 2, "N"], HERE[1], [3, 2, "W"], HERE[3]];
  const { position } = readExif(jpeg({ gps }));
  assert.ok(position.lat > 0);
  assert.ok(position.lon < 0);
});

test("fractions by zero, and places off the earth, are no place", () => {
  const broken = [HERE[0], [2, 5, [[0, 0], [0, 1], [0, 1]]], HERE[2], HERE[3]];
  const far = [HERE[0], HERE[1], HERE[2], [4, 5, [[999, 1], [0, 1], [0, 1]]]];
  for (const gps of [broken, far, [HERE[0]], []])
    assert.equal(readExif(jpeg({ gps })).position, null);
});

test("what looks like EXIF among the pixels is none", () => {
  const pixels = [0xff, 0xda, 0, 2];
  assert.deepEqual(readExif(jpeg({ gps: HERE, before: pixels })), NOTHING);
});

test("a date that cannot be is no date", () => {
  for (const text of ["0000:00:00 00:00:00", "2026:13:45 09:12:00", "yesterday", ""])
    assert.equal(readExif(jpeg({ exif: [[0x9003, 2, text]] })).takenAt, null);
});

test("no EXIF, no JPEG, nothing at all", () => {
  for (const bytes of [
    [],
    [0xff],
    [0xff, 0xd8],
    [0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3],
    [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
  ])
    assert.deepEqual(readExif(new Uint8Array(bytes).buffer), NOTHING);
});

test("cut or garbled anywhere, it neither throws nor hangs", () => {
  const whole = new Uint8Array(jpeg({ gps: HERE, exif: [[0x9003, 2, "2026:11:24 09:12:00"]] }));
  for (let length = 0; length < whole.length; length += 1) readExif(whole.slice(0, length).buffer);
  let seed = 7;
  const random = (below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let turn = 0; turn < 3000; turn += 1) {
    const garbled = whole.slice();
    for (let i = 0; i < 5; i += 1) garbled[random(garbled.length)] = random(256);
    const { position } = readExif(garbled.buffer);
    if (position) assert.ok(Math.abs(position.lat) <= 90 && Math.abs(position.lon) <= 180);
  }
});
