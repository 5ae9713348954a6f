// What lies under everything: nothing, the office's own file, or OpenStreetMap.

import { loadScript } from "./load.js";
import { makeOsm } from "./layers.js";

// Pale, so that surface, blank spots and boundaries stay what is read. The layers' names
// are those of the Protomaps and of the OpenMapTiles schemas; a file has either.
const COLOURS = {
  land: "#f2f1ec",
  green: "#e2eadb",
  water: "#cfdde3",
  river: "#a9c4cf",
  road: "#c3b9a9",
  path: "#ddd6ca",
  label: "#5a6669",
};
const MVT = 1;
const BIG_ROADS = ["highway", "major_road", "motorway", "trunk", "primary", "secondary"];

function rules() {
  const { PolygonSymbolizer, LineSymbolizer, CenteredTextSymbolizer, exp } = window.protomapsL;
  const area = (dataLayer, fill, filter) => ({
    dataLayer,
    filter,
    symbolizer: new PolygonSymbolizer({ fill }),
  });
  const line = (dataLayer, color, stops, filter) => ({
    dataLayer,
    filter,
    symbolizer: new LineSymbolizer({ color, width: exp(1.4, stops) }),
  });
  const kindOf = ({ props }) => props.kind ?? props.class;
  const isPolygon = (zoom, { geomType }) => geomType === 3;
  const isLine = (zoom, { geomType }) => geomType === 2;
  // An office's own file of roads may name no kinds: then all of them are to be seen.
  const isBig = (zoom, feature) => BIG_ROADS.includes(kindOf(feature) ?? "highway");
  const isSmall = (zoom, feature) => !isBig(zoom, feature);
  const roads = ["roads", "transportation"].flatMap((name) => [
    { ...line(name, COLOURS.path, [[11, 0.4], [16, 3]], isSmall), minzoom: 11 },
    line(name, COLOURS.road, [[7, 0.5], [16, 6]], isBig),
  ]);
  const label = (dataLayer) => ({
    dataLayer,
    // Villages' and districts' names are the map's own.
    minzoom: 13,
    symbolizer: new CenteredTextSymbolizer({
      labelProps: ["name"],
      fill: COLOURS.label,
      stroke: "#fff",
      width: 2,
      font: "500 11px sans-serif",
    }),
  });
  return {
    backgroundColor: null,
    paintRules: [
      area("earth", COLOURS.land),
      ...["landcover", "landuse", "natural", "park"].map((n) => area(n, COLOURS.green)),
      area("water", COLOURS.water, isPolygon),
      line("water", COLOURS.river, [[8, 0.5], [14, 2]], isLine),
      line("waterway", COLOURS.river, [[8, 0.5], [14, 2]], isLine),
      ...roads,
    ],
    labelRules: ["places", "place"].map(label),
  };
}

/** `choose(name)` shows own, office or osm; the others are taken away. */
export function makeBasemap(map, { options, setLandShown, onBroken, onOsmBroken, onOsmGone }) {
  const layers = {
    osm: () => makeOsm(map, options.osm, onOsmBroken),
    async office() {
      await loadScript(options.pmtiles);
      const archive = new window.pmtiles.PMTiles(options.basemap);
      const { tileType, maxZoom } = await archive.getHeader();
      const common = {
        pane: "osm",
        attribution: asText(options.basemapAttribution),
        maxZoom: map.getMaxZoom(),
      };
      if (tileType !== MVT) {
        const layer = window.pmtiles.leafletRasterLayer(archive, {
          ...common,
          maxNativeZoom: maxZoom,
        });
        return switchOf(layer);
      }
      await loadScript(options.protomaps);
      return switchOf(
        window.protomapsL.leafletLayer({
          ...common,
          url: options.basemap,
          maxDataZoom: maxZoom,
          ...rules(),
        }),
      );
    },
  };
  const switchOf = (layer) => ({
    setShown: (value) => (value ? layer.addTo(map) : layer.remove()),
  });
  const made = {};
  let chosen = "own";

  return {
    names: ["own", options.basemap && "office", options.osm && "osm"].filter(Boolean),
    async choose(name) {
      chosen = name;
      for (const layer of Object.values(made)) layer.setShown(false);
      if (name !== "osm") onOsmGone();
      if (name === "own") {
        setLandShown(true);
        return;
      }
      try {
        made[name] ??= await layers[name]();
      } catch {
        setLandShown(true);
        onBroken();
        return;
      }
      // By now the reader may have chosen another.
      if (chosen !== name) return;
      setLandShown(false);
      made[name].setShown(true);
    },
  };
}

/** Leaflet puts an attribution into the page as HTML; a setting is text. */
function asText(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}
