// Plain arithmetic on GeoJSON geometry: what lies where. No map, no page.

/** Return [west, south, east, north] of any GeoJSON geometry. */
export function extentOf(geometry) {
  const extent = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (coordinates) => {
    if (typeof coordinates[0] === "number") {
      // Written out: some hundred thousand corners pass here when the map opens.
      const lon = coordinates[0];
      const lat = coordinates[1];
      if (lon < extent[0]) extent[0] = lon;
      if (lat < extent[1]) extent[1] = lat;
      if (lon > extent[2]) extent[2] = lon;
      if (lat > extent[3]) extent[3] = lat;
    } else {
      for (const part of coordinates) visit(part);
    }
  };
  visit(geometry.coordinates);
  return extent;
}

export function joinExtents(extents) {
  return extents.reduce(
    (all, one) => [
      Math.min(all[0], one[0]),
      Math.min(all[1], one[1]),
      Math.max(all[2], one[2]),
      Math.max(all[3], one[3]),
    ],
    [Infinity, Infinity, -Infinity, -Infinity],
  );
}

export const extentsMeet = (a, b) =>
  a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];

const inExtent = ([lon, lat], [west, south, east, north]) =>
  west <= lon && lon <= east && south <= lat && lat <= north;

// Even-odd over all rings of a polygon, so that its holes count as outside.
function inPolygon([lon, lat], rings) {
  let isInside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [lonA, latA] = ring[i];
      const [lonB, latB] = ring[j];
      if (latA > lat !== latB > lat) {
        const crossing = lonA + ((lat - latA) / (latB - latA)) * (lonB - lonA);
        if (lon < crossing) isInside = !isInside;
      }
    }
  }
  return isInside;
}

export function contains(geometry, point) {
  if (!geometry) return false;
  if (geometry.type === "Polygon") return inPolygon(point, geometry.coordinates);
  if (geometry.type !== "MultiPolygon") return false;
  return geometry.coordinates.some((rings) => inPolygon(point, rings));
}

/** Features with their extents beside them, so that most are ruled out at once. */
export function indexFeatures(features) {
  return features
    .filter((feature) => feature.geometry)
    .map((feature) => ({ feature, extent: extentOf(feature.geometry) }));
}

/** Return the features of an index that hold `point`, in their order. */
export function featuresAt(index, point) {
  return index
    .filter(
      ({ feature, extent }) =>
        inExtent(point, extent) && contains(feature.geometry, point),
    )
    .map(({ feature }) => feature);
}

/** Return the entries of an index whose extent meets `extent`. */
export const entriesWithin = (index, extent) =>
  index.filter((entry) => extentsMeet(entry.extent, extent));

/**
 * Group points that fall into one square of `size` pixels.
 * `points` are {x, y, …}; a group has its members and their mean place.
 */
export function clusterPoints(points, size) {
  const groups = new Map();
  for (const point of points) {
    const key = `${Math.floor(point.x / size)}/${Math.floor(point.y / size)}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(point);
  }
  return [...groups.values()].map((members) => ({
    members,
    x: members.reduce((sum, point) => sum + point.x, 0) / members.length,
    y: members.reduce((sum, point) => sum + point.y, 0) / members.length,
  }));
}

/**
 * Keep of `labels` ({x, y, width, height}, most important first) those that do not lie
 * over one kept before, nor over a box that is `taken`. Each is tried at every one of
 * `shifts` pixels further down, and has the one that was free as its `shift`.
 */
export function placeLabels(labels, { taken = [], shifts = [0] } = {}) {
  const boxes = [...taken];
  return labels.flatMap((label) => {
    for (const shift of shifts) {
      const box = [
        label.x - label.width / 2,
        label.y + shift - label.height / 2,
        label.x + label.width / 2,
        label.y + shift + label.height / 2,
      ];
      if (boxes.some((other) => extentsMeet(other, box))) continue;
      boxes.push(box);
      return [{ ...label, shift }];
    }
    return [];
  });
}
