// The time bar: which run the map shows, playing through the months, and comparing two
// of them by a divider or by what lies between them.

import { makeDifferences } from "./differences.js";
import { h } from "./dom.js";
import { makeSwipe } from "./swipe.js";
import { CHANGES, comparedWith, nextIndex, runsBefore, sentencesOf } from "./time-steps.js";
import { fill } from "./words.js";

// How long a month stays while playing; longer for who asked for less motion.
const STAY_MS = 1600;
const STAY_LONG_MS = 3200;
// While the slider is dragged, not every month on the way is fetched.
const SETTLE_MS = 150;

export function makeTime(element, options) {
  const { map, api, words, view, live, loading, loadSpots, remember } = options;
  const { texts } = words;
  const find = (name) => element.querySelector(`[data-time="${name}"]`);
  const parts = Object.fromEntries(
    ["play", "slider", "label", "toggle", "more", "past", "past-text", "now", "compare", "from",
      "sentence", "legend", "table"].map((name) => [name, find(name)]),
  );
  const chosen = view.time;
  const stay = options.isMotionReduced ? STAY_LONG_MS : STAY_MS;
  let runs = [];
  let shown = null;
  let current = null;
  let isPlaying = false;
  // Numbers each play: a month that comes after a pause does not go on with it.
  let plays = 0;
  let playTimer = null;
  let settleTimer = null;
  let difference = null;
  const differences = makeDifferences(map);
  const swipe = makeSwipe(map, options.stage, { ...options.swipe, texts });

  const nameOf = (id) => runs.find((run) => run.id === id)?.label ?? `#${id}`;
  const indexOf = (id) => runs.findIndex((run) => run.id === id);

  // --- the slider ----------------------------------------------------------------

  function showSlider() {
    element.hidden = runs.length < 2;
    options.stage.classList.toggle("has-time", runs.length >= 2);
    if (shown === null) return;
    const at = indexOf(shown.id);
    parts.slider.max = String(runs.length - 1);
    // A run between two months stands at the month after it.
    parts.slider.value = String(at >= 0 ? at : runs.findLastIndex((run) => run.id < shown.id));
    tellSlider(runs[Number(parts.slider.value)]);
    const isPast = !shown.is_current;
    element.classList.toggle("is-past", isPast);
    parts.past.hidden = !isPast;
    if (isPast) {
      const asOf = shown.parameters?.as_of ?? null;
      parts["past-text"].textContent = fill(
        asOf ? texts.time_past_afterwards : texts.time_past,
        { when: words.date(shown.input_cutoff_at) },
      );
    }
  }

  function tellSlider(run) {
    if (!run) return;
    const text = run.is_current ? fill(texts.time_is_current, { month: run.label }) : run.label;
    parts.slider.setAttribute("aria-valuetext", text);
    parts.label.textContent = run.label;
  }

  /** By the time that something arrives, the reader may have moved on. */
  const isWanted = ({ id }) => (chosen.run ?? current?.id) === id;

  async function choose(run) {
    chosen.run = run.is_current ? null : run.id;
    remember();
    const next = run.is_current
      ? current
      : await loading(
          "run",
          () => api.get(`runs/${run.id}/`),
          () => isWanted(run) && choose(run),
        );
    if (next && isWanted(next)) await options.show(next, { isPlaying });
  }

  parts.slider.addEventListener("input", () => {
    stop();
    const run = runs[Number(parts.slider.value)];
    tellSlider(run);
    window.clearTimeout(settleTimer);
    settleTimer = window.setTimeout(() => choose(run), SETTLE_MS);
  });
  // Also where it cannot move any further, which is no "input".
  parts.slider.addEventListener("pointerdown", stop);
  parts.slider.addEventListener("keydown", ({ key }) => {
    if (/^(Arrow|Page|Home|End)/.test(key)) stop();
  });
  parts.now.addEventListener("click", () => {
    stop();
    choose(runs.at(-1));
    parts.slider.focus();
  });

  // --- playing -------------------------------------------------------------------

  function tellPlaying() {
    parts.play.setAttribute("aria-label", isPlaying ? texts.time_pause : texts.time_play);
    parts.play.classList.toggle("is-playing", isPlaying);
  }

  function stop() {
    if (!isPlaying) return;
    isPlaying = false;
    window.clearTimeout(playTimer);
    tellPlaying();
    if (shown) live.textContent = fill(texts.time_stopped, { month: nameOf(shown.id) });
  }

  async function step(play) {
    const at = nextIndex(Number(parts.slider.value), runs.length);
    await choose(runs[at]);
    if (!isPlaying || play !== plays) return;
    if (at === runs.length - 1) stop();
    else playTimer = window.setTimeout(step, stay, play);
  }

  parts.play.addEventListener("click", () => {
    if (isPlaying) {
      stop();
      return;
    }
    isPlaying = true;
    plays += 1;
    tellPlaying();
    step(plays);
  });
  document.addEventListener("visibilitychange", stop);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (isPlaying) stop();
    else if (parts.toggle.getAttribute("aria-expanded") === "true") {
      setOpen(false);
      parts.toggle.focus();
    }
  });

  // --- comparing -----------------------------------------------------------------

  function setOpen(isOpen) {
    element.classList.toggle("is-open", isOpen);
    parts.toggle.setAttribute("aria-expanded", String(isOpen));
    showFolded();
  }

  /** Folded, the bar keeps what says how changes are drawn. */
  function showFolded() {
    parts.more.hidden = !element.classList.contains("is-open") && chosen.mode !== "difference";
  }
  parts.toggle.addEventListener("click", () => {
    chosen.isFolded = parts.toggle.getAttribute("aria-expanded") === "true";
    setOpen(!chosen.isFolded);
    remember();
  });

  function showChoice() {
    for (const radio of element.querySelectorAll('[name="time-mode"]'))
      radio.checked = radio.value === chosen.mode;
    const isComparing = chosen.mode !== "single";
    parts.compare.hidden = !isComparing;
    parts.legend.hidden = chosen.mode !== "difference";
    showFolded();
    for (const box of parts.legend.querySelectorAll("input"))
      box.checked = !chosen.without.includes(box.value);
    map.getContainer().classList.toggle("is-comparing", chosen.mode === "difference");
    // Where the bar stands depends on the mode, even if it is as high as before.
    tellCovered();
    if (shown === null) return null;
    const from = isComparing ? comparedWith(runs, shown.id, chosen.from) : null;
    parts.from.replaceChildren(
      ...runsBefore(runs, shown.id).map(({ id, label }) =>
        h("option", { value: id, selected: id === from?.id }, label),
      ),
    );
    parts.from.disabled = from === null;
    return from;
  }

  async function compare() {
    const from = showChoice();
    if (chosen.mode !== "swipe" || from === null) swipe.hide();
    if (chosen.mode !== "difference" || from === null) differences.show(null);
    parts.table.hidden = from === null;
    if (from === null) {
      difference = null;
      parts.sentence.textContent = chosen.mode === "single" ? "" : texts.time_no_earlier;
      return;
    }
    const { operator, service } = view;
    const pair = { from: from.id, to: shown.id, operator, service };
    const isStill = () =>
      shown.id === pair.to &&
      view.operator === operator &&
      view.service === service &&
      chosen.mode !== "single" &&
      comparedWith(runs, shown.id, chosen.from)?.id === pair.from;
    if (chosen.mode === "swipe") {
      swipe.show({
        before: from.id,
        beforeName: from.label,
        afterName: nameOf(shown.id),
        operator,
        service,
      });
      loading("spots before", () => loadSpots(from.id, operator, service), compare).then(
        (data) => data && isStill() && swipe.setSpots(data),
      );
    }
    const found = await loading("difference", () => api.get("run-differences/", pair), compare);
    if (found === null || !isStill()) return;
    difference = found;
    const sentences = sentencesOf(words, { since: from.label, totals: found.totals });
    parts.sentence.textContent = sentences.join(" ");
    if (Object.values(found.totals).some((change) => change.is_demo))
      parts.sentence.append(" ", h("span", { class: "tag tag--demo" }, texts.demo_mark));
    if (chosen.mode === "difference") differences.show(found, chosen.without);
    options.panel.refresh(...tableOf(from));
  }

  function tableOf(from) {
    const head = [
      h("th", { scope: "col" }, texts.district),
      ...CHANGES.map((name) =>
        h(
          "th",
          { scope: "col", class: "number" },
          h("span", { class: `change change--${name}`, "aria-hidden": "true" }),
          h("span", { class: "visually-hidden" }, texts.time_changes[name]),
        ),
      ),
    ];
    const rows = difference.districts.map((district) =>
      h(
        "tr",
        {},
        h(
          "th",
          { scope: "row" },
          h(
            "button",
            { type: "button", class: "link", onclick: () => options.onDistrict(district.code) },
            district.name,
          ),
        ),
        ...CHANGES.map((name) =>
          h("td", { class: "number" }, amount(district[name].area_km2)),
        ),
      ),
    );
    return [
      fill(texts.time_table_title, { since: from.label }),
      [
        h(
          "table",
          { class: "operators changes" },
          h("caption", {}, texts.time_table_caption),
          h("thead", {}, h("tr", {}, head)),
          h("tbody", {}, rows),
        ),
        h(
          "ul",
          { class: "change-names" },
          CHANGES.map((name) =>
            h(
              "li",
              {},
              h("span", { class: `change change--${name}`, "aria-hidden": "true" }),
              ` ${texts.time_changes[name]}`,
            ),
          ),
        ),
      ],
    ];
  }

  /** Square kilometres without the unit, which the table's caption has. */
  const amount = (km2) =>
    km2 === 0 ? "–" : km2 < 0.05 ? `<${words.number(0.1, 1)}` : words.number(km2, km2 < 100 ? 1 : 0);

  element.addEventListener("change", ({ target }) => {
    if (target.name === "time-mode") chosen.mode = target.value;
    else if (target === parts.from) chosen.from = Number(target.value);
    else if (target.name === "time-change") {
      chosen.without = CHANGES.filter(
        (name) => !parts.legend.querySelector(`[value="${name}"]`).checked,
      );
      differences.show(difference, chosen.without);
      remember();
      return;
    } else return;
    remember();
    compare();
  });
  parts.table.addEventListener("click", () => {
    const from = comparedWith(runs, shown?.id, chosen.from);
    if (difference && from) options.panel.open(...tableOf(from));
  });

  async function loadMonths() {
    const { operator, service } = view;
    const months = await loading("months", () =>
      api.get("runs/monthly/", { operator, service }),
    );
    runs = months?.runs ?? runs;
    showSlider();
    if (shown !== null) compare();
  }

  // On a narrow screen the map is what was asked for, and the bar waits folded.
  const isWide = window.matchMedia("(min-width: 48rem)");
  setOpen(chosen.mode !== "single" && isWide.matches && !chosen.isFolded);
  let barPx = 0;
  new ResizeObserver(() => {
    const isShown = element.offsetHeight > 0;
    const grownPx = barPx > 0 && isShown ? element.offsetHeight - barPx : 0;
    barPx = element.offsetHeight;
    options.stage.style.setProperty("--time-px", `${barPx}px`);
    if (tellCovered()) return;
    // On a narrow screen the bar is as wide as the map: what was in the middle of what is
    // seen of the map stays there.
    if (!isWide.matches && grownPx !== 0)
      map.panBy([0, Math.trunc(grownPx / 2)], { animate: false });
  }).observe(element);
  /** Say how much of the map the bar covers; return whether the map makes room. */
  function tellCovered() {
    // Folded, it covers a corner, on a narrow screen little.
    const isOpen = element.classList.contains("is-open");
    const isTall = isOpen || (!isWide.matches && chosen.mode === "difference");
    const belowPx =
      options.stage.getBoundingClientRect().bottom - element.getBoundingClientRect().top;
    return options.onCover(isTall && element.offsetHeight > 0 ? belowPx : 0);
  }
  tellPlaying();

  return {
    /** Return the run to show when `next` is the current one: that, or the one chosen. */
    async runFor(next) {
      current = next;
      if (next === null) return null;
      const months = loadMonths();
      // What the bar says may come later, unless the map depends on it.
      if (chosen.mode !== "single" || chosen.run !== null) await months;
      if (chosen.run === null || chosen.run === next.id) {
        chosen.run = null;
        return next;
      }
      if (shown?.id === chosen.run) return shown;
      const past = await loading("run", () => api.get(`runs/${chosen.run}/`));
      if (past === null) {
        chosen.run = null;
        remember();
      }
      return past ?? next;
    },
    /** The map shows `run` now, in the layer that the view names. */
    follow(run) {
      shown = run;
      showSlider();
      return compare();
    },
    setShown: (name, value) => swipe.setShown(name, value),
    setFilter: swipe.setFilter,
  };
}
