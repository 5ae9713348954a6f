// The layers beside surface and blank spots: shares, evidence, places, sites, reports.

import { makeEvidence } from "./cells.js";
import { passesPlace, passesSite, reportQuery } from "./filters.js";
import { makePoints, officialMarker } from "./layers.js";
import { makePlaces, placeSign, siteSign } from "./places.js";
import { makeReports } from "./reports.js";
import { makeShares } from "./shares.js";

/** `view` is the one object that says what is chosen; `loading` tells of errors. */
export function makeOverlays(map, { api, loading, view, language, onReportCount }) {
  const fetcher = (name, path) => (query, signal) =>
    loading(name, () => api.get(path, query, { signal }));

  // Settlements and facilities ask for the same states at the same time.
  let asked = null;
  const statesOf = (kind) => async (question) => {
    if (asked?.question !== question) {
      const own = { question, answer: api.get("place-states/", question) };
      asked = own;
      own.answer.catch(() => {
        // Whoever tries again asks again.
        if (asked === own) asked = null;
      });
    }
    return (await asked.answer)[kind];
  };

  const official = makePoints(map, {
    load: () => api.getAll("official-list/"),
    makeMarker: officialMarker,
  });
  const shares = makeShares(map, { load: fetcher("shares", "village-shares/") });
  const evidence = makeEvidence(map, { load: fetcher("evidence", "evidence/") });
  const settlements = makePlaces(map, {
    load: () => api.getAll("settlements/"),
    loadStates: statesOf("settlements"),
    sign: (p, states) => placeSign("settlement", states[p.id] ?? "unknown"),
    passes: (p) => passesPlace(p, view.filters),
  });
  const facilities = makePlaces(map, {
    load: () => api.getAll("facilities/"),
    loadStates: statesOf("facilities"),
    sign: (p, states) => placeSign(p.kind, states[p.id] ?? "unknown"),
    passes: (p) => passesPlace(p, view.filters),
  });
  const sites = makePlaces(map, {
    load: () => api.getAll("sites/"),
    sign: siteSign,
    passes: (p) => passesSite(p, view.filters, view.operator),
  });
  const reports = makeReports(map, {
    language,
    load: fetcher("reports", "reports/"),
    loadCells: fetcher("reports", "report-cells/"),
    onCount: onReportCount,
  });

  return {
    official,
    shares,
    evidence,
    settlements,
    facilities,
    sites,
    reports,

    /** Another run, layer or choice of reports: each layer asks for what it needs. */
    ask(run) {
      const query = reportQuery(view.filters, view.operator);
      const waiting = [reports.setQuery(run?.id ?? null, query)];
      sites.draw();
      if (run !== null) {
        const question = {
          run: run.id,
          operator: view.operator,
          service: view.service,
        };
        waiting.push(
          shares.setQuestion(question),
          settlements.setQuestion(question),
          facilities.setQuestion(question),
          evidence.setQuery({ run: run.id, ...query }),
        );
      }
      // What went wrong is told by the layers' own ways of loading.
      return loading("overlays", () => Promise.all(waiting), () => this.ask(run));
    },

    /** The filters changed: what is here already is shown or not. */
    filter() {
      shares.setFilters(view.filters);
      settlements.draw();
      facilities.draw();
      sites.draw();
    },

    get hiddenDemo() {
      return settlements.hiddenDemo + facilities.hiddenDemo + sites.hiddenDemo;
    },
  };
}
