// Coordinates as people write them: decimals with comma or point, degrees and minutes,
// hemispheres in Indonesian or English, in either order.

// Where the regency lies, generously: tells a latitude from a longitude.
const LAT_HERE = [-4, 4];
const LON_HERE = [110, 122];

const isBetween = (value, [low, high]) => value >= low && value <= high;
const isLat = (value) => Math.abs(value) <= 85;
const isLon = (value) => Math.abs(value) <= 180;

const NUMBER = "\\d+(?:[.,]\\d+)?";
// LU/LS/BT/BB and U/S/T/B are Indonesian, N/S/E/W English; before or after the number.
const SIDE = "LU|LS|BT|BB|[NSEWUTB]";
const ANGLE = `([+-]?${NUMBER})\\s*°?\\s*(?:(${NUMBER})\\s*')?\\s*(?:(${NUMBER})\\s*")?`;
const BETWEEN = "\\s*[,;/]?\\s*";
const SIDES_BEFORE = new RegExp(
  `^(?<a>${SIDE})\\s*${ANGLE}${BETWEEN}(?<b>${SIDE})\\s*${ANGLE}$`,
);
const SIDES_AFTER = new RegExp(
  `^${ANGLE}\\s*(?<a>${SIDE})?${BETWEEN}${ANGLE}\\s*(?<b>${SIDE})?$`,
);

const AXIS = { LU: "lat", U: "lat", N: "lat", LS: "lat", S: "lat" };
const NEGATIVE = ["LS", "S", "BB", "B", "W"];

const toNumber = (text) => Number(text.replace(",", "."));

function degrees(side, [whole, minutes, seconds]) {
  const [m, s] = [minutes, seconds].map((part) => (part ? toNumber(part) : 0));
  if (m >= 60 || s >= 60) return null;
  const size = Math.abs(toNumber(whole)) + m / 60 + s / 3600;
  const isNegative = whole.startsWith("-") || NEGATIVE.includes(side);
  return { value: isNegative ? -size : size, axis: side ? (AXIS[side] ?? "lon") : null };
}

function inOrder(a, b) {
  if (a.axis && b.axis) {
    if (a.axis === b.axis) return null;
    return a.axis === "lat" ? [b.value, a.value] : [a.value, b.value];
  }
  if (a.axis) return a.axis === "lat" ? [b.value, a.value] : [a.value, b.value];
  if (b.axis) return b.axis === "lon" ? [b.value, a.value] : [a.value, b.value];
  const isSwapped = isBetween(a.value, LON_HERE) && isBetween(b.value, LAT_HERE);
  if (isSwapped) return [a.value, b.value];
  // Latitude first, as maps and phones write it, unless it cannot be one.
  return isLat(a.value) ? [b.value, a.value] : [a.value, b.value];
}

/** Two numbers without signs of degrees: what the commas between them mean. */
function plainPair(text) {
  const words = text.split(/[;/\s]+/).map((word) => word.replace(/,$/, ""));
  const number = new RegExp(`^[+-]?${NUMBER}$`);
  if (words.length === 2 && words.every((word) => number.test(word))) return words;
  if (words.length !== 1) return null;
  const parts = text.split(",");
  if (parts.length === 2) return parts.every((part) => number.test(part)) ? parts : null;
  if (parts.length !== 4) return null;
  const joined = [`${parts[0]}.${parts[1]}`, `${parts[2]}.${parts[3]}`];
  return joined.every((part) => number.test(part)) ? joined : null;
}

/** Return [lon, lat] of what was typed, or null where it is no pair of coordinates. */
export function parseCoordinates(typed) {
  const text = typed
    .trim()
    .toUpperCase()
    .replace(/[−–]/g, "-")
    .replace(/[º˚]/g, "°")
    .replace(/[′’‘]/g, "'")
    .replace(/[″”“]|''/g, '"');
  const plain = plainPair(text);
  let pair;
  if (plain) {
    pair = plain.map((word) => ({ value: toNumber(word), axis: null }));
  } else {
    // Without a sign of degrees or a hemisphere it may be a name with numbers in it.
    if (!/[°LNSEWUTB]/.test(text)) return null;
    const match = SIDES_BEFORE.exec(text) ?? SIDES_AFTER.exec(text);
    if (!match) return null;
    const { a, b } = match.groups;
    // A named group is numbered as well.
    const isBefore = match[1] === a;
    const at = isBefore ? [2, 6] : [1, 5];
    pair = [
      degrees(a, match.slice(at[0], at[0] + 3)),
      degrees(b, match.slice(at[1], at[1] + 3)),
    ];
    if (pair.some((one) => one === null)) return null;
  }
  const lonLat = inOrder(...pair);
  return lonLat && isLon(lonLat[0]) && isLat(lonLat[1]) ? lonLat : null;
}

/** "0,50000° LS, 116,97000° BT", in the reader's language. */
export function coordinatesText([lon, lat], { number, fill, texts }) {
  const one = (value, positive, negative) =>
    fill(value < 0 ? negative : positive, { degrees: number(Math.abs(value), 5) });
  const first = one(lat, texts.latitude_north, texts.latitude_south);
  return `${first}, ${one(lon, texts.longitude_east, texts.longitude_west)}`;
}
