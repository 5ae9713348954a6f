// Blank spots as they come for the whole regency: TopoJSON, short on a thin line.

import { feature } from "topojson-client";

/** Return the FeatureCollection of an answer of `map-blank-spots/`. */
export function readSketches(topology) {
  const { features } = feature(topology, topology.objects.spots);
  for (const { properties } of features) {
    properties.village_names = properties.villages.map(
      (code) => topology.village_names[code] ?? code,
    );
  }
  return { type: "FeatureCollection", features };
}
