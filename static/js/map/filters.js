// What the map is narrowed to: in the address, in the questions to the server, and for
// what is already here. No map, no page.

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DISTRICT = /^\d{2}\.\d{2}\.\d{2}$/;
const VILLAGE = /^\d{2}\.\d{2}\.\d{2}\.\d{4}$/;
const TECHNOLOGIES = ["2G", "3G", "4G", "5G"];

export const NO_FILTERS = Object.freeze({
  district: null,
  in_village: null,
  min_area: null,
  min_confidence: null,
  technology: null,
  since: null,
  until: null,
  demo: null,
});

const isDay = (value) => DAY.test(value) && !Number.isNaN(Date.parse(value));

function numberWithin(value, low, high) {
  const number = value === "" ? NaN : Number(value);
  return number > low && number <= high ? number : null;
}

const READERS = {
  district: (value) => (DISTRICT.test(value) ? value : null),
  in_village: (value) => (VILLAGE.test(value) ? value : null),
  min_area: (value) => numberWithin(value, 0, 100_000),
  min_confidence: (value) => numberWithin(value, 0, 1),
  technology: (value) => (TECHNOLOGIES.includes(value) ? value : null),
  since: (value) => (isDay(value) ? value : null),
  until: (value) => (isDay(value) ? value : null),
  // Demonstration data is shown unless it is switched off.
  demo: (value) => (value === "off" ? value : null),
};

/** Read filters from anything with `get`; what cannot be meant is no filter. */
export function readFilters(query) {
  const filters = Object.fromEntries(
    Object.entries(READERS).map(([name, read]) => [name, read(query.get(name) ?? "")]),
  );
  // A village lies in one district: another one beside it would show nothing.
  if (filters.in_village) filters.district = filters.in_village.slice(0, 8);
  return filters;
}

/** Put the filters that are on into `query`. */
export function writeFilters(filters, query) {
  for (const name of Object.keys(NO_FILTERS)) {
    const value = filters?.[name];
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
}

export const countFilters = (filters) =>
  Object.keys(NO_FILTERS).filter((name) => filters[name] !== null).length;

/** Does a blank spot (its properties) pass? Period and technology are about reports. */
export function passesSpot(p, { district, in_village: village, ...filters }) {
  return (
    (district === null || p.districts.includes(district)) &&
    (village === null || p.villages.includes(village)) &&
    (filters.min_area === null || p.area_km2 >= filters.min_area) &&
    (filters.min_confidence === null || p.confidence >= filters.min_confidence) &&
    (filters.demo === null || !p.is_demo)
  );
}

/** Does a place of one village (settlement, facility, site) pass? */
export function passesPlace(p, filters) {
  const code = p.village_id ?? "";
  return (
    passesVillage(code, filters) &&
    (filters.demo === null || !p.is_demo)
  );
}

export const passesVillage = (code, { district, in_village: village }) =>
  (district === null || code.startsWith(district)) &&
  (village === null || code === village);

/** Sites also have operators and technologies; where nobody told them they pass. */
export function passesSite(p, filters, operator) {
  const has = (list, wanted) => list.length === 0 || list.includes(wanted);
  return (
    passesPlace(p, filters) &&
    (operator === "ANY" || has(p.operators, operator)) &&
    (filters.technology === null || has(p.technologies, filters.technology))
  );
}

/** What the server is asked about reports and evidence. */
export const reportQuery = (filters, operator) => ({
  operator: operator === "ANY" ? null : operator,
  technology: filters.technology,
  since: filters.since,
  until: filters.until,
  district: filters.district,
  village: filters.in_village,
  demo: filters.demo,
});
