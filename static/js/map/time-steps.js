// The history of the map in plain values: what the address says of it, which run comes
// next, and what lies between two runs in words.

import { fill } from "./words.js";

export const MODES = ["single", "swipe", "difference"];
export const CHANGES = [
  "newly_covered",
  "newly_blank",
  "better_sign",
  "worse_sign",
  "newly_measured",
  "unknown_again",
];
// A year back, where the history reaches so far.
const USUAL_MONTHS_BACK = 12;

const runNumber = (text) => (/^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : null);

/** Read which run, compared with which, and how; what it does not know is the usual. */
export function readTime(query) {
  const mode = query.get("time");
  return {
    run: runNumber(query.get("run")),
    from: runNumber(query.get("from")),
    mode: MODES.includes(mode) ? mode : MODES[0],
    without: CHANGES.filter((name) => (query.get("without") ?? "").split(",").includes(name)),
    isFolded: query.get("bar") === "folded",
  };
}

/** Write it into `query`, leaving out what is usual. */
export function writeTime(query, { run, from, mode, without, isFolded }) {
  if (run !== null) query.set("run", run);
  if (mode === MODES[0]) return;
  query.set("time", mode);
  if (from !== null) query.set("from", from);
  if (without.length > 0) query.set("without", without.join(","));
  if (isFolded) query.set("bar", "folded");
}

/** The runs that one may be compared with: those before it, oldest first. */
export function runsBefore(runs, id) {
  const at = runs.findIndex((run) => run.id === id);
  return at < 0 ? [] : runs.slice(0, at);
}

/** The run to compare with: the one asked for, else that of a year before. */
export function comparedWith(runs, id, asked) {
  const before = runsBefore(runs, id);
  return (
    before.find((run) => run.id === asked) ?? before.at(-USUAL_MONTHS_BACK) ?? before[0] ?? null
  );
}

/** Where playing goes on: the next run, from the last one to the first. */
export const nextIndex = (index, count) => (index + 1 < count ? index + 1 : 0);

const peopleIn = (words, { settlements, people }) => {
  const count = words.count("time_settlements", settlements);
  return people === null
    ? fill(words.texts.time_people_unknown, { settlements: count })
    : fill(words.texts.time_people, { settlements: count, people: words.number(people) });
};

/** The places of one change: "3 settlements, about 210 people, 1 school". */
export function placesOf(words, change) {
  const parts = [];
  if (change.settlements > 0) parts.push(peopleIn(words, change));
  for (const name of ["village_points", "schools", "health_centres"]) {
    if (change[name] > 0) parts.push(words.count(`time_${name}`, change[name]));
  }
  return parts.join(", ");
}

/**
 * What lies between two runs as sentences: areas first, then the places where people
 * are. Only what was measured both times is called better or worse.
 */
export function sentencesOf(words, { since, totals }) {
  const { texts } = words;
  const areas = CHANGES.filter((name) => totals[name].area_km2 > 0).map((name) =>
    fill(texts.time_change_area[name], { area: words.area(totals[name].area_km2) }),
  );
  if (areas.length === 0) return [fill(texts.time_nothing, { since })];
  const sentences = [fill(texts.time_since, { since, changes: areas.join(", ") })];
  for (const name of ["newly_covered", "newly_blank", "newly_measured"]) {
    const places = placesOf(words, totals[name]);
    if (places) sentences.push(fill(texts.time_places[name], { places }));
  }
  return sentences;
}

// How far a key moves the divider, as a share of the map's width.
const STEP = 0.02;
const PAGE = 0.1;
const STEPS = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  PageDown: -PAGE,
  PageUp: PAGE,
};

/** Where the divider is after a key, from 0 to 1; null where the key is not for it. */
export function movedBy(key, share) {
  if (key === "Home") return 0;
  if (key === "End") return 1;
  return key in STEPS ? Math.min(1, Math.max(0, share + STEPS[key])) : null;
}
