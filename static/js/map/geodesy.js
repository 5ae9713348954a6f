// Lengths and areas on the ellipsoid (Karney 2013, exact to the millimetre at any
// size), computed by GeographicLib; here is only what is asked of it.

/** Metres along `points` ([lon, lat], degrees), in their order. */
export function lengthOf(geodesic, points) {
  return polygon(geodesic, points, true).perimeter;
}

/** Square metres within the ring of `points`, and metres around it. */
export function areaOf(geodesic, points) {
  const { area, perimeter } = polygon(geodesic, points, false);
  return { area: Math.abs(area), perimeter };
}

function polygon(geodesic, points, isLine) {
  const shape = geodesic.Geodesic.WGS84.Polygon(isLine);
  for (const [lon, lat] of points) shape.AddPoint(lat, lon);
  return shape.Compute(false, true);
}

const side = ([ax, ay], [bx, by], [cx, cy]) =>
  Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));

/** Whether the ring of `points` crosses itself: then it has no area to speak of. */
export function crossesItself(points) {
  const edges = points.map((point, n) => [point, points[(n + 1) % points.length]]);
  return edges.some(([a, b], i) =>
    edges.some(([c, d], j) => {
      const areNeighbours =
        j <= i + 1 || (i === 0 && j === points.length - 1);
      if (areNeighbours) return false;
      return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
    }),
  );
}

const NO_BREAK = "\u00a0";

/** A length as people say it: metres when short, else kilometres. */
export function lengthText(metres, number) {
  if (metres < 1000) return `${number(Math.round(metres))}${NO_BREAK}m`;
  const km = metres / 1000;
  return `${number(km, km < 10 ? 2 : km < 100 ? 1 : 0)}${NO_BREAK}km`;
}

/** An area in km² and, where that is the usual measure, in hectares. */
export function areaText(m2, number) {
  const hectares = m2 / 1e4;
  const ha = `${number(hectares, hectares < 10 ? 2 : hectares < 100 ? 1 : 0)}${NO_BREAK}ha`;
  if (m2 < 1e6) return ha;
  const km2 = m2 / 1e6;
  return `${number(km2, km2 < 10 ? 2 : km2 < 100 ? 1 : 0)}${NO_BREAK}km² (${ha})`;
}

// As many as an address can carry.
export const MOST_POINTS = 60;

/** A measurement as it stands in the address: "area:116.05,0;116.1,0;…". */
export const measureToText = ({ kind, points }) =>
  `${kind}:${points.map(([lon, lat]) => `${+lon.toFixed(5)},${+lat.toFixed(5)}`).join(";")}`;

/** Read such a text; null where it is none. */
export function measureFromText(text) {
  const match = /^(line|area):([-\d.,;]+)$/.exec(text ?? "");
  if (!match) return null;
  const points = match[2].split(";").map((pair) => pair.split(",").map(Number));
  const areFine = points.every(
    (point) =>
      point.length === 2 && Math.abs(point[0]) <= 180 && Math.abs(point[1]) <= 85,
  );
  return areFine && points.length <= MOST_POINTS ? { kind: match[1], points } : null;
}
