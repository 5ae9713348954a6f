// Reading and moving positions, without a map.

function number(text) {
  const plain = text.trim().replace(",", ".").replace(/°$/, "");
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

/** [lon, lat] of two texts in degrees, null where they are no position. */
export function readDegrees(lonText, latText) {
  const lon = number(lonText);
  const lat = number(latText);
  if (lon === null || lat === null) return null;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85) return null;
  return [lon, lat];
}

/** A point on the screen one step further in a direction. */
export const stepped = ({ x, y }, [right, down], stepPx) => [
  x + right * stepPx,
  y + down * stepPx,
];
