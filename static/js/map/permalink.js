// What is looked at, in the address bar, so that it can be sent to a colleague:
// ?operator=…&service=…&layers=a,b&(filters)&basemap=…&spot=…|village=…&at=lon,lat
// &measure=…#zoom/lat/lon

import { readFilters, writeFilters } from "./filters.js";
import { readTime, writeTime } from "./time-steps.js";

export const LAYERS = [
  "surface",
  "unknown",
  "spots",
  "shares",
  "boundaries",
  "official",
  "evidence",
  "reports",
  "settlements",
  "facilities",
  "sites",
];
export const BASEMAPS = ["own", "office", "osm"];
export const DEFAULTS = {
  operator: "ANY",
  service: "internet",
  layers: ["surface", "unknown", "spots", "boundaries", "official"],
  basemap: "own",
};

const inRange = (value, low, high) => value >= low && value <= high;

function readPosition(hash) {
  const parts = hash.replace(/^#/, "").split("/");
  if (parts.length !== 3 || parts.some((part) => part.trim() === "")) return null;
  const [zoom, lat, lon] = parts.map(Number);
  const isValid =
    inRange(zoom, 0, 24) && inRange(lat, -90, 90) && inRange(lon, -180, 180);
  return isValid ? { zoom, lon, lat } : null;
}

/** The point that was clicked, [lon, lat]. */
function readPoint(text) {
  const parts = (text ?? "").split(",");
  if (parts.length !== 2 || parts.some((part) => part.trim() === "")) return null;
  const [lon, lat] = parts.map(Number);
  return inRange(lon, -180, 180) && inRange(lat, -85, 85) ? [lon, lat] : null;
}

function readBasemap(asked, layers) {
  if (BASEMAPS.includes(asked)) return asked;
  // Addresses from before there was a choice had it among the layers.
  return layers?.split(",").includes("osm") ? "osm" : DEFAULTS.basemap;
}

/** Read a view from an address; whatever it does not know falls back to the usual. */
export function readView(search, hash, { operators, services }) {
  const query = new URLSearchParams(search);
  const operator = query.get("operator");
  const service = query.get("service");
  const layers = query.get("layers");
  return {
    operator: operators.includes(operator) ? operator : DEFAULTS.operator,
    service: services.includes(service) ? service : DEFAULTS.service,
    layers:
      layers === null
        ? [...DEFAULTS.layers]
        : LAYERS.filter((name) => layers.split(",").includes(name)),
    filters: readFilters(query),
    spot: query.get("spot"),
    village: query.get("spot") ? null : query.get("village"),
    time: readTime(query),
    basemap: readBasemap(query.get("basemap"), layers),
    at: readPoint(query.get("at")),
    measure: query.get("measure"),
    position: readPosition(hash),
  };
}

/** Write a view as the end of an address, leaving out what is usual. */
export function writeView(view) {
  const { operator, service, layers, filters, spot, village, time, position } = view;
  const query = new URLSearchParams();
  if (operator !== DEFAULTS.operator) query.set("operator", operator);
  if (service !== DEFAULTS.service) query.set("service", service);
  const ordered = LAYERS.filter((name) => layers.includes(name));
  if (ordered.join() !== DEFAULTS.layers.join()) query.set("layers", ordered.join(","));
  writeFilters(filters, query);
  if (spot) query.set("spot", spot);
  else if (village) query.set("village", village);
  if (time) writeTime(query, time);
  if (view.basemap !== DEFAULTS.basemap) query.set("basemap", view.basemap);
  if (view.at) query.set("at", view.at.map((degrees) => +degrees.toFixed(5)).join(","));
  if (view.measure) query.set("measure", view.measure);
  const search = query
    .toString()
    .replaceAll("%2C", ",")
    .replaceAll("%3A", ":")
    .replaceAll("%3B", ";");
  const hash = position
    ? `#${+position.zoom.toFixed(3)}/${position.lat.toFixed(4)}/${position.lon.toFixed(4)}`
    : "";
  return (search && `?${search}`) + hash;
}
