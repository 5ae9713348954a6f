// Everywhere in this project it is (lon, lat) and (west, south, east, north).
// Leaflet alone wants [lat, lng]: this file turns them round, and no other does.

export const toLatLng = ([lon, lat]) => [lat, lon];

export const toLonLat = (latLng) => [latLng.lng, latLng.lat];

/** [west, south, east, north] as Leaflet's two corners. */
export const toCorners = ([west, south, east, north]) => [
  [south, west],
  [north, east],
];

/** Leaflet's bounds as [west, south, east, north]. */
export const toExtent = (bounds) => [
  bounds.getWest(),
  bounds.getSouth(),
  bounds.getEast(),
  bounds.getNorth(),
];
