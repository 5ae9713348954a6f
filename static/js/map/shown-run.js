// The run that the map shows: the current one, as it is published, or one of the past.

import { h, later, painted, pause } from "./dom.js";
import { watchRuns } from "./runs.js";
import { readSketches } from "./sketches.js";
import { fill } from "./words.js";

/** `page` is what main.js puts together; `page.run` is the run shown, or null. */
export function makeShownRun(page) {
  const { api, view, words, texts, live, notes, surface, spots, overlays } = page;
  const { loading, tell, tellReached } = page;

  const spotsOf = new Map();

  /** Blank spots of one layer of one run: they never change, so they are kept. */
  function loadSpots(runId, operator, service) {
    const key = `${runId}/${operator}/${service}`;
    if (!spotsOf.has(key)) {
      const question = { run: runId, operator, service };
      const answer = api.get("map-blank-spots/", question).then(async (topology) => {
        await pause();
        return readSketches(topology);
      });
      spotsOf.set(key, answer);
      answer.catch(() => spotsOf.delete(key));
    }
    return spotsOf.get(key);
  }

  function showStatus() {
    const status = document.getElementById("status");
    if (page.run === null) {
      status.replaceChildren();
      return;
    }
    const counts = Object.keys(texts.operators)
      .filter((operator) => operator in page.run.report_counts)
      .map((operator) => [texts.operators[operator], page.run.report_counts[operator]])
      .map(([name, count]) => `${name} ${words.number(count)}`)
      .join(", ");
    status.replaceChildren(
      h("strong", {}, fill(texts.run, { id: page.run.id })),
      ` · ${fill(texts.run_until, { when: words.moment(page.run.input_cutoff_at) })}`,
    );
    document.getElementById("status-more").replaceChildren(
      counts ? h("span", {}, fill(texts.run_reports, { counts })) : "",
      page.run.is_demo ? h("span", { class: "tag tag--demo" }, texts.demo_mark) : "",
    );
  }

  async function show({ isAnnounced = false } = {}) {
    document.getElementById("empty").hidden = page.run !== null;
    // To say a date takes as long as to draw some hundred blank spots.
    later(showStatus);
    const { operator, service } = view;
    surface.setLayer(page.run?.id ?? null, operator, service);
    if (page.run === null) return;
    await pause();
    page.time.follow(page.run);
    const data = await loading(
      "spots",
      () => loadSpots(page.run.id, operator, service),
      show,
    );
    await painted();
    // By now the reader may have chosen another layer.
    if (data === null || operator !== view.operator || service !== view.service) return;
    if (!(await spots.setData(data))) return;
    page.choice.tellFilters();
    page.picture.drawn("map-spots");
    if (isAnnounced) {
      const count = data.features.length;
      live.textContent = fill(texts.loaded, {
        operator: texts.operators[operator],
        service: texts.services[service],
        spots: count === 0 ? texts.spots_none : words.count("spots", count),
      });
    }
    if (page.panels.kind === "list") page.panels.openList({ isRefresh: true });
  }

  let isLost = false;
  const { ask } = watchRuns({
    api,
    async onRun(next) {
      const isFirst = page.run === null;
      const before = page.run;
      page.run = await page.time.runFor(next);
      // The reader looks at another run and goes on doing so.
      if (!isFirst && page.run?.id === before?.id) return;
      if (next === null) {
        document.getElementById("empty").hidden = false;
        showStatus();
        return;
      }
      if (!isFirst) spotsOf.clear();
      overlays.ask(page.run);
      await show({ isAnnounced: isFirst });
      if (isFirst) {
        // What the address names may be a village.
        if (await page.boundaries.here) page.panels.openFromAddress();
      } else {
        live.textContent = fill(texts.updated, { id: next.id });
        page.panels.refresh();
      }
    },
    onError(error) {
      // Asked every few seconds, but told once: who closed the note knows.
      if (error && !isLost) tell(error);
      else if (!error) tellReached({ isAgain: isLost });
      isLost = error !== null;
    },
  });

  return { ask, show, loadSpots };
}
