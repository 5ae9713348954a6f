// Numbers, dates and sentences in the reader's language; the texts come with the page.

const DAY_MS = 86_400_000;
const NO_BREAK = "\u00a0";
// The regency's own time, wherever the reader sits.
const ZONE = "Asia/Makassar";

/** Fill names in braces: fill("{n} of {m}", {n: 1, m: 2}) is "1 of 2". */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );

export function makeWords(language, texts, { high, medium }) {
  // Day before month, as everywhere else on the site.
  const locale = language === "en" ? "en-GB" : language;
  // To make one takes a browser longer than to use it a hundred times.
  const makers = new Map();
  const once = (key, make) => {
    if (!makers.has(key)) makers.set(key, make());
    return makers.get(key);
  };
  const pluralForm = (count) =>
    once("plural", () => new Intl.PluralRules(language)).select(count);
  const number = (value, digits = 0) => {
    // Written alike in any language, and before a browser has read its own.
    if (digits === 0 && Number.isInteger(value) && value >= 0 && value < 1000)
      return String(value);
    return once(digits, () => {
      const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      return new Intl.NumberFormat(language, shown);
    }).format(value);
  };

  const words = {
    texts,
    number,

    /** texts.key_one or texts.key_other, as the language has it for `count`. */
    count(key, count) {
      const form = pluralForm(count) === "one" ? "one" : "other";
      return fill(texts[`${key}_${form}`], { count: number(count) });
    },

    area(km2) {
      const digits = km2 >= 100 || km2 === 0 ? 0 : km2 >= 1 ? 1 : 2;
      return `${number(km2, digits)}${NO_BREAK}km²`;
    },

    /** A share of 1 as a whole percentage; what is there is never shown as 0. */
    percent(share) {
      const value = share * 100;
      if (value > 0 && value < 0.5) return "<1%";
      if (value < 100 && value >= 99.5) return ">99%";
      return `${number(Math.round(value))}%`;
    },

    confidence(value) {
      const level = value >= high ? "high" : value >= medium ? "medium" : "low";
      return fill(texts.spot_confidence_value, {
        word: texts.confidence[level],
        percent: words.percent(value),
      });
    },

    date: (iso) =>
      once(
        "date",
        () => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: ZONE }),
      ).format(new Date(iso)),

    moment(iso) {
      const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      const time = once(
        "time",
        () => new Intl.DateTimeFormat(locale, { ...clock, timeZone: ZONE }),
      ).format(new Date(iso));
      return `${words.date(iso)}, ${time}${NO_BREAK}WITA`;
    },

    /** How long ago, in the unit that people would say it in. */
    age(iso, now) {
      const days = Math.max(0, Math.round((now - new Date(iso)) / DAY_MS));
      const relative = once(
        "relative",
        () => new Intl.RelativeTimeFormat(language, { numeric: "auto" }),
      );
      if (days < 45) return relative.format(-days, "day");
      if (days < 730) return relative.format(-Math.round(days / 30.4), "month");
      return relative.format(-Math.round(days / 365.25), "year");
    },
  };
  return words;
}

/**
 * The states of a village as parts that add up to 1, or null without areas.
 * Weak is inside covered; here it is taken out, so that the parts are disjoint.
 */
export function shares(coverage) {
  if (!coverage) return null;
  const areas = [
    ["covered", Math.max(coverage.covered_km2 - coverage.weak_km2, 0)],
    ["weak", coverage.weak_km2],
    ["likely_blank", coverage.likely_blank_km2],
    ["blank", coverage.blank_km2],
    ["unknown", coverage.unknown_km2],
  ];
  const whole = areas.reduce((sum, [, area]) => sum + area, 0);
  if (whole === 0) return null;
  return areas.map(([state, area]) => ({ state, area_km2: area, share: area / whole }));
}

/** A name as it is compared: accents, case, spaces and the letters that sources swap. */
export const searchKey = (name) =>
  name
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase()
    .replaceAll("q", "k")
    .replace(/[^a-z0-9]/g, "")
    .replace(/([a-z])\1+/g, "$1");

/** Return up to `limit` places whose name holds what was typed, those that begin with it first. */
export function findPlaces(places, typed, limit = 8) {
  const key = searchKey(typed);
  if (key === "") return [];
  const found = places
    .map((place) => ({ place, at: place.key.indexOf(key) }))
    .filter(({ at }) => at >= 0);
  found.sort(
    (a, b) =>
      Number(a.at > 0) - Number(b.at > 0) || a.place.name.localeCompare(b.place.name),
  );
  return found.slice(0, limit).map(({ place }) => place);
}
