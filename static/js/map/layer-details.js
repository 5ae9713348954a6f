// What the panel says about shares, sites, evidence and counted reports.

import { dayToIso } from "./counts.js";
import { h, swatch } from "./dom.js";
import { fill } from "./words.js";

const FOUND = ["no_service", "emergency_only", "voice_only", "data"];

export function makeLayerDetails({ words, texts, layerWords }) {
  const own = texts.layers;
  const fact = (name, ...value) =>
    h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, ...value));
  const facts = (...rows) => h("dl", { class: "facts" }, rows.filter(Boolean));
  const demo = (isDemo) =>
    isDemo && h("p", {}, h("span", { class: "tag tag--demo" }, texts.demo_mark));

  /** "5 dari 12 permukiman terjangkau, 3 belum diketahui", or "" without shares. */
  function shareWords(share) {
    if (!share) return "";
    if (share.isStandIn) {
      const key = share.unknown ? "unknown" : share.covered ? "covered" : "uncovered";
      return own.stand_in[key];
    }
    return fill(share.unknown > 0 ? own.share_unknown : own.share, {
      covered: words.number(share.covered),
      total: words.number(share.total),
      unknown: words.number(share.unknown),
    });
  }

  return {
    shareWords,
    villageShare: (share) =>
      share ? [h("p", { class: "panel__share" }, shareWords(share))] : [],

    placeState: (state, { operator, service }) =>
      state === null
        ? []
        : [
            h(
              "p",
              { class: "panel__layer" },
              swatch(state),
              " ",
              h("strong", {}, texts.states[state]),
              ` (${texts.operators[operator]}, ${texts.services[service]})`,
            ),
          ],

    site: (p) =>
      [
        demo(p.is_demo),
        facts(
          fact(own.site_kind, own.site_kinds[p.kind]),
          fact(own.site_status, h("strong", {}, own.site_statuses[p.status])),
          fact(
            texts.operator,
            p.operators.map((name) => texts.operators[name]).join(", ") || own.not_told,
          ),
          fact(texts.technology, p.technologies.join(", ") || own.not_told),
          p.owner && fact(own.owner, p.owner),
          p.height_m !== null && fact(own.height, `${words.number(p.height_m)}\u00a0m`),
          fact(own.verified, p.verified_date ? words.date(p.verified_date) : own.not_told),
          fact(texts.source, p.source),
        ),
      ].filter(Boolean),

    evidence: ({ count, day }) => ({
      title: own.evidence_title,
      body: [
        facts(
          fact(texts.village_reports, layerWords.count("used", count)),
          fact(texts.newest, words.date(dayToIso(day))),
        ),
        h("p", { class: "soft" }, own.evidence_note),
      ],
    }),

    cluster: ({ counts, total, newest }, { onZoom }) => ({
      title: words.count("reports", total),
      body: [
        facts(
          ...FOUND.filter((found) => counts[found] > 0).map((found) =>
            fact(
              texts.found[found],
              `${words.number(counts[found])} (${words.percent(counts[found] / total)})`,
            ),
          ),
          newest !== undefined && fact(texts.newest, words.date(dayToIso(newest))),
        ),
        h(
          "p",
          { class: "panel__actions" },
          h(
            "button",
            { class: "button button--quiet", type: "button", onclick: onZoom },
            texts.zoom_to,
          ),
        ),
      ],
    }),
  };
}
