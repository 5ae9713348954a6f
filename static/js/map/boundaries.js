// Districts and villages: their boundaries, and who needs to know them.

import { painted } from "./dom.js";
import { featuresAt, indexFeatures, joinExtents } from "./geometry.js";
import { fill } from "./words.js";

// From this zoom on boundaries drawn for the whole regency are too coarse.
const NEAR_ZOOM = 11;
// The regency and its shores, until its boundaries are here.
const ABOUT = [115.2, -1.2, 117.7, 1.6];

/** `page` is what main.js puts together. */
export function makeBoundaries(page) {
  const { map, base, api, loading, texts } = page;
  let regency = ABOUT;
  let villageIndex = [];
  let places = null;

  function showVillages(data) {
    base.showVillages(data);
    page.overlays.shares.setBoundaries(data);
    villageIndex = indexFeatures(data.features);
  }

  async function loadPlaces() {
    const { districts, villages } = await api.get("map-boundaries/", { detail: "far" });
    const districtIndex = indexFeatures(districts.features);
    // Before anything is drawn, so that it is drawn once.
    if (districtIndex.length > 0) {
      regency = joinExtents(districtIndex.map((entry) => entry.extent));
      if (!page.hadPosition) base.fit(regency, { animate: false });
    }
    base.showDistricts(districts);
    await painted();
    showVillages(villages);
    performance.mark("map-places");
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

  /** Once somebody looks closely: the boundaries as they were loaded. */
  let areBoundariesNear = false;
  async function refineBoundaries() {
    if (areBoundariesNear || map.getZoom() < NEAR_ZOOM || !(await places)) return;
    areBoundariesNear = true;
    const data = await loading("boundaries", () =>
      api.get("map-boundaries/", { detail: "near" }),
    );
    areBoundariesNear = data !== null;
    if (data === null) return;
    base.showDistricts(data.districts);
    showVillages(data.villages);
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
