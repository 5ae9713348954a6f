// What the village's panel says first: its state in officials' words, and what was
// stated about it, by date. The page of the village has the rest.

import { h, swatch } from "./dom.js";
import { fill } from "./words.js";

// More than these push the figures out of sight.
const MOST_STATEMENTS = 4;

/** The statements of the official record, newest first; those of sheets are counted. */
export function ofRecord(claims) {
  return claims
    .filter(({ verification }) => verification === "")
    .sort((one, other) => other.stated_date.localeCompare(one.stated_date));
}

/** How sure the state of any operator is, or null where nothing was measured. */
export const confidenceOf = (state) =>
  state.operators.find(({ operator }) => operator === "ANY")?.confidence ?? null;

export function villageState(state, { words }) {
  if (!state) return null;
  const { texts } = words;
  const names = texts.profile;
  const confidence = confidenceOf(state);
  return h(
    "section",
    { class: "panel__state" },
    h(
      "p",
      {},
      h("strong", {}, state.sentence),
      confidence === null ? null : h("span", { class: "soft" }, ` ${words.confidence(confidence)}`),
    ),
    h(
      "ul",
      { class: "panel__operators", "aria-label": names.operators },
      state.operators
        .filter(({ operator }) => operator !== "ANY")
        .map(({ operator, places }) =>
          h(
            "li",
            {},
            h("span", {}, `${texts.operators[operator]}: `),
            Object.entries(places).map(([name, count], n, all) =>
              h(
                "span",
                { class: "nowrap" },
                swatch(name),
                ` ${names.names[name]}${all.length > 1 ? `: ${words.number(count)}` : ""} `,
              ),
            ),
          ),
        ),
    ),
  );
}

export function villageStatements(claims, { words, page }) {
  const statements = ofRecord(claims);
  if (statements.length === 0) return null;
  const names = words.texts.profile;
  const rest = statements.length - MOST_STATEMENTS;
  return h(
    "section",
    {},
    h("h3", {}, names.statements),
    h("p", { class: "soft" }, names.statements_note),
    h(
      "ul",
      { class: "panel__statements" },
      statements.slice(0, MOST_STATEMENTS).map(({ stated_date: date, status }) =>
        h("li", {}, h("time", { datetime: date }, words.date(date)), " ", h("span", { lang: "id" }, status)),
      ),
      rest > 0
        ? h(
            "li",
            {},
            h("a", { href: `${page}#statements-title` }, fill(names.statements_more, { count: words.number(rest) })),
          )
        : null,
    ),
  );
}
