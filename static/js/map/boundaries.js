// Districts and villages: their boundaries, and who needs to know them.

import { painted, pause } from "./dom.js";
import { featuresAt, indexFeatures, joinExtents } from "./geometry.js";
import { fill } from "./words.js";

// How closely boundaries are drawn, and from which zoom on what is coarser will not do.
const DETAILS = [
  { detail: "far", zoom: 0 },
  { detail: "middle", zoom: 9.5 },
  { detail: "near", zoom: 11 },
];
// The regency and its shores, where no boundary is loaded.
const ABOUT = [115.2, -1.2, 117.7, 1.6];
// Boundaries are drawn by fewer corners than they have: no reason to move the map.
const NEARLY_DEG = 0.01;

/** `page` is what main.js puts together. */
export function makeBoundaries(page) {
  const { map, base, api, loading, texts } = page;
  let regency = page.options.extent?.split(",").map(Number) ?? ABOUT;
  let villageIndex = [];
  let places = null;

  async function showVillages(data) {
    await base.showVillages(data);
    page.overlays.shares.setBoundaries(data);
    await pause();
    villageIndex = indexFeatures(data.features);
  }

  async function loadPlaces() {
    const { districts, villages } = await api.get("map-boundaries/", { detail: "far" });
    await pause();
    const districtIndex = indexFeatures(districts.features);
    // Before anything is drawn, so that it is drawn once.
    if (districtIndex.length > 0) {
      const drawn = joinExtents(districtIndex.map((entry) => entry.extent));
      const isElsewhere = drawn.some((at, n) => Math.abs(at - regency[n]) > NEARLY_DEG);
      if (isElsewhere) {
        regency = drawn;
        if (!page.hadPosition) base.fit(regency, { animate: false });
      }
    }
    await base.showDistricts(districts);
    await painted();
    await showVillages(villages);
    page.picture.drawn("map-places");
    await painted();
    page.choice.setPlaces(
      districts.features.map(({ properties }) => properties),
      villages.features.map(({ properties }) => properties),
    );
    page.search.setPlaces([
      ...villageIndex.map(({ feature: { properties: p }, extent }) => ({
        group: "village",
        name: p.name,
        detail: fill(texts.district_name, { name: p.district_name }),
        code: p.code,
        extent,
      })),
      ...districtIndex.map(({ feature, extent }) => ({
        group: "district",
        name: feature.properties.name,
        detail: texts.district,
        extent,
      })),
    ]);
    if (!page.hadPosition) page.choice.fitFilters();
  }

  // Of DETAILS, the one that is drawn or on its way.
  let drawn = 0;
  /** Once somebody looks more closely: finer ones, in the end as they were loaded. */
  async function refineBoundaries() {
    const wanted = DETAILS.findLastIndex(({ zoom }) => map.getZoom() >= zoom);
    if (wanted <= drawn || !(await places) || wanted <= drawn) return;
    const before = drawn;
    drawn = wanted;
    const { detail } = DETAILS[wanted];
    const data = await loading("boundaries", () => api.get("map-boundaries/", { detail }));
    if (data === null) {
      drawn = Math.min(drawn, before);
      return;
    }
    // Finer ones may have come sooner.
    if (drawn !== wanted) return;
    await base.showDistricts(data.districts);
    await showVillages(data.villages);
  }
  map.on("zoomend", refineBoundaries);

  /** Load them; `places` resolves when they are here. */
  function start() {
    places = loading(
      "places",
      async () => {
        await loadPlaces();
        return true;
      },
      start,
    );
  }

  return {
    start() {
      start();
      refineBoundaries();
    },
    get here() {
      return places;
    },
    get extent() {
      return regency;
    },
    village: (code) =>
      villageIndex.find(({ feature }) => feature.properties.code === code)?.feature,
    villagesAt: (lonLat) => featuresAt(villageIndex, lonLat),
    fitVillage(code) {
      const entry = villageIndex.find(({ feature }) => feature.properties.code === code);
      if (entry) base.fit(entry.extent);
    },
    fitDistrict(code) {
      const inside = villageIndex.filter(
        ({ feature }) => feature.properties.district === code,
      );
      if (inside.length > 0) base.fit(joinExtents(inside.map(({ extent }) => extent)));
    },
  };
}
