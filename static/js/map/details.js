// What the panel says, in words: a blank spot, a village, a report, a list.

import { h, swatch } from "./dom.js";
import { villageState, villageStatements } from "./profile.js";
import { fill, shares } from "./words.js";

const fact = (name, ...value) => h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, ...value));

const facts = (...rows) => h("dl", { class: "facts" }, rows.filter(Boolean));

const isNumber = (value) => value !== null && value !== undefined;

function bar(parts) {
  const strip = h("div", { class: "bar", "aria-hidden": "true" });
  for (const { state, share } of parts) {
    if (share === 0) continue;
    const piece = h("span", { class: `swatch--${state}` });
    piece.style.width = `${share * 100}%`;
    strip.append(piece);
  }
  return strip;
}

export function makeDetails({ words, urls, now }) {
  const { texts } = words;
  const villageUrl = (code) => urls.village.replace("CODE", encodeURIComponent(code));

  const demo = ({ is_demo: isDemo }) =>
    isDemo && h("span", { class: "tag tag--demo", title: texts.demo_note }, texts.demo_mark);

  function spotTitle({ state, area_km2: area }) {
    return fill(texts.spot_title, { state: texts.states[state], area: words.area(area) });
  }

  /** What part of a village a spot takes, where the run says so. */
  const villageShare = (share) =>
    isNumber(share)
      ? h(
          "span",
          { class: "soft" },
          ` (${fill(texts.spot_village_share, { percent: words.percent(share) })})`,
        )
      : null;

  /** What the reports inside found: "no signal: 12; internet: 3". */
  function reportKinds(kinds) {
    const parts = ["no_service", "emergency_only", "voice_only", "data"]
      .filter((found) => kinds[found] > 0)
      .map((found) => `${texts.found[found]}: ${words.number(kinds[found])}`);
    if (kinds.reading > 0)
      parts.push(fill(texts.kinds_reading, { count: words.number(kinds.reading) }));
    return parts.join("; ");
  }

  const when = (iso) => `${words.date(iso)} (${words.age(iso, now())})`;

  function spot(properties, { onVillage, onZoom }) {
    const p = properties;
    const evidence =
      p.reports > 0
        ? `${words.count("reports", p.reports)} ${words.count("reporters", p.reporters)}`
        : texts.reports_none;
    const layer = { operator: p.operator, service: p.service };
    return [
      h(
        "p",
        { class: "panel__layer" },
        swatch(p.state),
        " ",
        fill(texts.spot_layer, {
          operator: texts.operators[p.operator],
          service: texts.services[p.service],
        }),
        " ",
        demo(p),
      ),
      p.villages.length > 0
        ? h(
            "p",
            { class: "panel__villages" },
            ...fillWith(
              texts.spot_in,
              "villages",
              p.villages.map((code, n) => [
                h(
                  "button",
                  { class: "link", type: "button", onclick: () => onVillage(code) },
                  p.village_names[n],
                ),
                villageShare(p.village_shares[n]),
                n + 1 < p.villages.length ? ", " : "",
              ]),
            ),
          )
        : h("p", { class: "soft" }, texts.spot_outside),
      facts(
        fact(
          texts.spot_confidence,
          h("strong", {}, words.confidence(p.confidence)),
          h("span", { class: "fact__note" }, texts.spot_confidence_note),
        ),
        fact(
          texts.spot_reports,
          evidence,
          p.reports > 0 &&
            h("span", { class: "fact__note" }, reportKinds(p.report_kinds)),
        ),
        p.newest_report_at && fact(texts.newest, when(p.newest_report_at)),
        p.oldest_report_at && fact(texts.oldest, when(p.oldest_report_at)),
        isNumber(p.people) &&
          fact(texts.people, fill(texts.people_value, { count: words.number(p.people) })),
        p.settlements > 0 && fact(texts.settlements, words.number(p.settlements)),
        p.facilities > 0 && fact(texts.facilities, words.number(p.facilities)),
      ),
      h(
        "p",
        { class: "panel__actions" },
        h(
          "button",
          { class: "button button--quiet", type: "button", onclick: onZoom },
          texts.zoom_to,
        ),
        h(
          "a",
          { class: "button button--quiet", href: urls.spot.replace("ID", p.id) },
          texts.spot_page,
        ),
        h(
          "a",
          {
            class: "button button--quiet",
            href: `${urls.table}?${new URLSearchParams(layer)}#blank-spots`,
          },
          texts.spot_table,
        ),
      ),
    ];
  }

  function shareList(parts) {
    return h(
      "ul",
      { class: "share-list" },
      parts.map(({ state, share, area_km2: area }) =>
        h(
          "li",
          {},
          swatch(state),
          h("span", {}, texts.states[state]),
          h("strong", {}, words.percent(share)),
          h("span", { class: "soft" }, words.area(area)),
        ),
      ),
    );
  }

  function operatorRows(coverage, service) {
    const rows = Object.keys(texts.operators).flatMap((operator) => {
      const layer = coverage.find(
        (row) => row.operator === operator && row.service === service,
      );
      const parts = shares(layer);
      if (!parts) return [];
      return [
        h(
          "tr",
          {},
          h("th", { scope: "row" }, texts.operators[operator], bar(parts)),
          ...parts.map(({ share }) => h("td", { class: "number" }, words.percent(share))),
        ),
      ];
    });
    if (rows.length === 0) return null;
    return h(
      "table",
      { class: "operators" },
      h(
        "caption",
        {},
        fill(texts.village_operators, { service: texts.services[service] }),
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, texts.operator),
          // The list above names the swatches; here there is room for them alone.
          Object.entries(texts.states).map(([state, name]) =>
            h(
              "th",
              { scope: "col", class: "number" },
              swatch(state),
              h("span", { class: "visually-hidden" }, name),
            ),
          ),
        ),
      ),
      h("tbody", {}, rows),
    );
  }

  function village(properties, { operator, service }) {
    const p = properties;
    const layer = (p.coverage ?? []).find(
      (row) => row.operator === operator && row.service === service,
    );
    const parts = shares(layer);
    const claims = p.claims ?? [];
    const fromSheets = claims.filter(({ verification }) => verification !== "");
    const listed = claims.filter(({ kind }) => kind === "listed_blank").at(-1);
    const approximate = p.boundary_source === "approximate";
    return [
      h(
        "p",
        { class: "panel__layer" },
        fill(texts.village_area, {
          kind: texts[p.kind],
          district: p.district_name,
          area: words.area(p.area_km2),
        }),
        " ",
        demo(p),
      ),
      villageState(p.state, { words }),
      parts
        ? h(
            "section",
            {},
            h(
              "h3",
              {},
              fill(texts.village_shares, {
                operator: texts.operators[operator],
                service: texts.services[service],
              }),
            ),
            bar(parts),
            shareList(parts),
            facts(
              fact(
                texts.village_reports,
                layer.reports === 0 ? words.number(0) : words.count("reports", layer.reports),
              ),
            ),
          )
        : h("p", {}, texts.village_no_run),
      operatorRows(p.coverage ?? [], service),
      listed
        ? h(
            "p",
            { class: "panel__listed" },
            h("span", { class: "official-sign", "aria-hidden": "true" }),
            h("span", {}, fill(texts.village_listed, { year: listed.stated_date.slice(0, 4) })),
            h("small", { lang: "id" }, `${listed.event}. ${texts.source}: ${listed.source}`),
          )
        : null,
      villageStatements(claims, { words, page: villageUrl(p.code) }),
      fromSheets.length > 0
        ? h("p", {}, words.count("village_claims", fromSheets.length))
        : null,
      approximate ? h("p", { class: "soft" }, texts.village_approximate) : null,
      h(
        "p",
        { class: "panel__actions" },
        h("a", { class: "button button--quiet", href: villageUrl(p.code) }, texts.village_page),
      ),
    ];
  }

  function report(properties) {
    const p = properties;
    return [
      p.is_demo && h("p", {}, demo(p)),
      facts(
        fact(texts.operator, texts.operators[p.operator]),
        p.technology && fact(texts.technology, p.technology),
        isNumber(p.rsrp_dbm) && fact(texts.rsrp, `${words.number(p.rsrp_dbm)}\u00a0dBm`),
        fact(texts.observed, words.moment(p.observed_at)),
        fact(texts.where, texts.environment[p.environment ?? ""]),
        isNumber(p.accuracy_m) &&
          fact(
            texts.accuracy,
            fill(texts.accuracy_value, { metres: words.number(p.accuracy_m) }),
          ),
        p.reported_by && fact(texts.reported_by, p.reported_by),
        p.source && fact(texts.report_source, p.source),
        p.flags?.length > 0 && fact(texts.flags, p.flags.map((flag) => texts.flag_names[flag] ?? flag).join(", ")),
      ),
    ];
  }

  function point(properties, kind) {
    const p = properties;
    return [
      facts(
        fact(kind === "facility" ? texts.facilities : texts.settlement, kind === "facility" ? (texts.facility[p.kind] ?? p.kind) : p.kind),
        isNumber(p.households) && fact(texts.households, words.number(p.households)),
        isNumber(p.people) && fact(texts.people, words.number(p.people)),
        p.source && fact(texts.source, p.source),
      ),
    ];
  }

  function spotList(features, limit, onSpot) {
    if (features.length === 0) return [h("p", {}, texts.list_empty)];
    return [
      h(
        "ul",
        { class: "spot-list" },
        features.slice(0, limit).map((feature) => {
          const p = feature.properties;
          return h(
            "li",
            {},
            h(
              "button",
              { type: "button", onclick: () => onSpot(feature) },
              swatch(p.state),
              h("strong", {}, spotTitle(p)),
              h(
                "span",
                { class: "soft" },
                p.village_names.join(", ") || texts.spot_outside,
                " · ",
                words.confidence(p.confidence),
              ),
            ),
          );
        }),
      ),
      features.length > limit
        ? h("p", { class: "soft" }, fill(texts.list_more, { count: words.number(features.length - limit) }))
        : null,
    ];
  }

  const drop = (content) => content.filter(Boolean);
  return {
    spotTitle,
    spot: (...args) => drop(spot(...args)),
    village: (...args) => drop(village(...args)),
    report: (...args) => drop(report(...args)),
    point: (...args) => drop(point(...args)),
    spotList: (...args) => drop(spotList(...args)),
  };
}

/** Fill one name in braces with elements: "In {villages}" → ["In ", …elements, ""]. */
function fillWith(text, name, elements) {
  const [before, after = ""] = text.split(`{${name}}`);
  return [before, ...elements.flat(), after].filter((part) => part !== "");
}
