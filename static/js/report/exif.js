// Where and when a photo says that it was taken: four tags of its EXIF, and no more. It is
// read before the photo is made smaller, which leaves all of that behind.

const EXIF_IFD = 0x8769;
const GPS_IFD = 0x8825;
const TAKEN = 0x9003; // DateTimeOriginal, without a zone
const TAKEN_OFFSET = 0x9011; // its zone, in newer cameras
const [LAT_REF, LAT, LON_REF, LON] = [1, 2, 3, 4];

/** Find the TIFF block of a JPEG's EXIF segment; null where there is none. */
function tiffOf(buffer) {
  const view = new DataView(buffer);
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda) return null; // the pixels begin
    // "Exif" and two zeros
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966)
      return new DataView(buffer, at + 10);
  }
  return null;
}

/** Read the directory at *at* as `tag → { type, count, at }` of its values. */
function directory(tiff, at, isLittle) {
  const entries = new Map();
  const count = tiff.getUint16(at, isLittle);
  for (let i = 0; i < count; i += 1) {
    const entry = at + 2 + 12 * i;
    const type = tiff.getUint16(entry + 2, isLittle);
    const values = tiff.getUint32(entry + 4, isLittle);
    const isInside = (type === 2 && values <= 4) || (type === 4 && values === 1);
    entries.set(tiff.getUint16(entry, isLittle), {
      type,
      count: values,
      // Up to four bytes stand in the entry itself.
      at: isInside ? entry + 8 : tiff.getUint32(entry + 8, isLittle),
    });
  }
  return entries;
}

function textAt(tiff, entry) {
  if (entry?.type !== 2 || entry.count > 64) return "";
  const codes = Array.from({ length: entry.count }, (_, i) => tiff.getUint8(entry.at + i));
  return String.fromCharCode(...codes.filter((code) => code !== 0)).trim();
}

/** Degrees of three fractions (degrees, minutes, seconds); NaN where they are none. */
function degreesAt(tiff, entry, isLittle) {
  if (entry?.type !== 5 || entry.count !== 3) return NaN;
  return [1, 60, 3600].reduce((sum, divisor, i) => {
    const at = entry.at + 8 * i;
    const fraction = tiff.getUint32(at, isLittle) / tiff.getUint32(at + 4, isLittle);
    return sum + fraction / divisor;
  }, 0);
}

function positionOf(tiff, gps, isLittle) {
  const south = textAt(tiff, gps.get(LAT_REF)) === "S" ? -1 : 1;
  const west = textAt(tiff, gps.get(LON_REF)) === "W" ? -1 : 1;
  const lat = south * degreesAt(tiff, gps.get(LAT), isLittle);
  const lon = west * degreesAt(tiff, gps.get(LON), isLittle);
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}

function timeOf(tiff, exif) {
  const text = textAt(tiff, exif.get(TAKEN));
  const match = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(text);
  if (!match) return null;
  const [, year, month, day, clock] = match;
  const zone = /^[+-]\d\d:\d\d$/.exec(textAt(tiff, exif.get(TAKEN_OFFSET)))?.[0] ?? "";
  // Without a zone it is the phone's own time, and so JavaScript reads it.
  const taken = new Date(`${year}-${month}-${day}T${clock}${zone}`);
  return Number.isNaN(taken.getTime()) ? null : taken.toISOString();
}

/** Return `{ position: { lon, lat } | null, takenAt: ISO 8601 | null }` of *buffer*. */
export function readExif(buffer) {
  const found = { position: null, takenAt: null };
  try {
    const tiff = tiffOf(buffer);
    if (!tiff) return found;
    const isLittle = tiff.getUint16(0) === 0x4949;
    const first = directory(tiff, tiff.getUint32(4, isLittle), isLittle);
    const within = (tag) => {
      const entry = first.get(tag);
      if (!entry) return new Map();
      return directory(tiff, tiff.getUint32(entry.at, isLittle), isLittle);
    };
    found.takenAt = timeOf(tiff, within(EXIF_IFD));
    found.position = positionOf(tiff, within(GPS_IFD), isLittle);
  } catch (error) {
    // It ends before what it promises; what was found until there stands.
    if (!(error instanceof RangeError)) throw error;
  }
  return found;
}
