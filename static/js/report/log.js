// What became of the reports on this phone: counted always, listed below the form.

import { isAsked } from "./reviews.js";

// More at once would make a cheap phone slow; a button shows the rest.
const SHOWN = 100;
// As the server takes it.
const LONGEST_ANSWER = 1000;
const one = (selector, within = document) => within.querySelector(selector);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** How many of *items* are in each state. */
function counted(items) {
  const count = { waiting: 0, sent: 0, aside: 0 };
  for (const { state } of items) count[state] += 1;
  return count;
}

/**
 * Run the bar with the counter and the list of reports.
 *
 * Returns `{ show(state), celebrate(count) }`, *state* as the sender tells it.
 */
export function makeLog({
  say,
  language,
  store,
  names,
  onCorrect,
  onAnswer,
  onChanged,
  importUrl,
}) {
  const bar = one("[data-queue]");
  const status = one("[data-queue-status]");
  const counter = one("[data-queue-count]");
  const list = one("[data-log]");
  const exportButton = one("[data-export]");
  let justSaved = 0;
  let exported = ""; // where the file has to go, till something else is saved
  let shown = SHOWN;

  const time = (iso) =>
    new Date(iso).toLocaleString(language, {
      dateStyle: "medium",
      timeStyle: "short",
      timeZone: "Asia/Makassar",
    });

  function statusText(state, { reports, photos, answers, others }) {
    const parts = [];
    const waiting = reports.waiting + photos.waiting + answers;
    if (justSaved > 0) parts.push(say("kept", { count: justSaved }));
    if (state.isSending && waiting > 0)
      parts.push(
        say(photos.waiting > 0 && reports.waiting === 0 ? "sending_photos" : "sending"),
      );
    else if (waiting > 0 && state.stopped)
      parts.push(say(`stopped_${state.stopped}`, { account: others.join(", ") }));
    else if (waiting + reports.aside + photos.aside === 0) parts.push(say("all_sent"));
    if (answers > 0) parts.push(say("answers_wait", { count: answers }));
    if (reports.aside > 0) parts.push(say("some_aside", { count: reports.aside }));
    if (photos.aside > 0) parts.push(say("photos_aside", { count: photos.aside }));
    if (exported && waiting + reports.aside > 0) parts.unshift(exported);
    return parts.join(" ");
  }

  function counterText(reports, photos) {
    const text = say("counter", reports);
    if (photos.waiting === 0) return text;
    const key = photos.waiting === 1 ? "counter_photo" : "counter_photos";
    return `${text} · ${say(key, { count: photos.waiting })}`;
  }

  function photoLine(photo, item) {
    const line = element("div", `log__photo log__photo--${photo.state}`);
    if (photo.state === "aside") {
      line.append(
        element("p", "log__fact", say("photo_aside", { reason: photo.problem.title })),
        photoButtons(photo),
      );
      return line;
    }
    const isReached = photo.done.includes(item.id);
    const waits = item.state === "aside" ? "photo_waits_report" : "photo_waits";
    line.append(element("p", "log__fact", say(isReached ? "photo_sent" : waits)));
    return line;
  }

  function photoButtons(photo) {
    const buttons = element("div", "log__buttons");
    const change = (next) => async () => {
      await store.changePhoto(photo.sha256, next);
      onChanged();
    };
    const again = element("button", "button", say("photo_again"));
    const discard = element("button", "button button--quiet", say("photo_discard"));
    again.type = discard.type = "button";
    again.addEventListener(
      "click",
      change((each) => ({ ...each, state: "waiting", problem: null })),
    );
    const remove = change(() => null);
    discard.addEventListener("click", () => {
      if (window.confirm(say("photo_discard_sure"))) remove();
    });
    buttons.append(again, discard);
    return buttons;
  }

  function entry(item, photo) {
    const { report } = item;
    const line = element("li", `log__item log__item--${item.state}`);
    // Two that look alike are not the same.
    line.dataset.id = item.id;
    const head = element("p", "log__head");
    head.append(
      element("strong", "", names.operator(report.operator)),
      ` · ${names.choice(report)} · ${time(report.observed_at)}`,
    );
    line.append(head);
    if (item.state === "sent") {
      const sent = element("p", "log__fact");
      sent.append(
        element("span", "log__code", item.receipt),
        ` ${item.village_name ?? say("outside")}`,
      );
      line.append(sent);
      if (item.review) line.append(...reviewLines(item));
    } else if (item.state === "waiting") {
      line.append(element("p", "log__fact", say("waits")));
    } else {
      line.append(element("p", "log__fact", item.problem?.title ?? ""));
      const reasons = element("ul");
      for (const [field, told] of Object.entries(item.problem?.errors ?? {}))
        reasons.append(element("li", "", `${names.field(field)}: ${[told].flat().join(" ")}`));
      if (reasons.children.length > 0) line.append(reasons);
      line.append(asideButtons(item));
    }
    if (photo) line.append(photoLine(photo, item));
    return line;
  }

  function reviewLines(item) {
    const { review, answer } = item;
    const text = say(`review_${review.state}`, { reason: review.reason ?? "" });
    const lines = [element("p", `log__review log__review--${review.state}`, text.trim())];
    if (isAsked(item)) lines.push(answerButton(item));
    else if (review.state === "asked")
      lines.push(element("p", "log__fact", say(`answer_${answer.state}`, { text: answer.text })));
    return lines;
  }

  function answerButton(item) {
    const buttons = element("div", "log__buttons");
    const button = element("button", "button", say("answer"));
    button.type = "button";
    // A prompt, because the list is drawn anew whenever something is sent.
    button.addEventListener("click", () => {
      const text = window.prompt(item.review.reason)?.trim().slice(0, LONGEST_ANSWER);
      if (text) onAnswer(item, text);
    });
    buttons.append(button);
    return buttons;
  }

  function asideButtons(item) {
    const buttons = element("div", "log__buttons");
    const again = element("button", "button", say("correct"));
    again.type = "button";
    again.addEventListener("click", () => onCorrect(item));
    const discard = element("button", "button button--quiet", say("discard"));
    discard.type = "button";
    discard.addEventListener("click", async () => {
      if (!window.confirm(say("discard_sure"))) return;
      await store.discard(item.id);
      onChanged();
    });
    buttons.append(again, discard);
    return buttons;
  }

  function moreButton(count, state) {
    const line = element("li", "log__item");
    const button = element("button", "button button--quiet", say("show_all", { count }));
    button.type = "button";
    button.addEventListener("click", () => {
      shown = Infinity;
      show(state);
    });
    line.append(button);
    return line;
  }

  async function show(state) {
    const items = await store.all();
    const kept = await store.photos();
    const reports = counted(items);
    const photos = counted(kept);
    const answers = items.filter(({ answer }) => answer?.state === "waiting").length;
    const waiting = reports.waiting + photos.waiting + answers;
    // A number stays with its word where the line is too short.
    counter.textContent = counterText(reports, photos).replaceAll(/(\d) /g, "$1\u00a0");
    bar.dataset.state =
      waiting > 0 ? "waiting" : reports.aside + photos.aside > 0 ? "aside" : "empty";
    const authors = items.filter((item) => item.state === "waiting").map((item) => item.account);
    const others = [...new Set(authors)].filter((name) => name && name !== state.account);
    const text = statusText(state, { reports, photos, answers, others });
    if (status.textContent !== text) status.textContent = text;
    one("[data-send-now]").hidden = waiting === 0;
    one("[data-send-now]").disabled = Boolean(state.isSending);
    exportButton.hidden = reports.waiting + reports.aside === 0;
    const RANK = { aside: 0, waiting: 1, sent: 2 };
    // What somebody has to do something about comes first.
    const rank = (item) => (isAsked(item) ? 0 : RANK[item.state]);
    items.sort(
      (a, b) =>
        rank(a) - rank(b) ||
        b.saved_at.localeCompare(a.saved_at) ||
        (a.order ?? 0) - (b.order ?? 0),
    );
    const photoOf = new Map(kept.flatMap((each) => each.reports.map((id) => [id, each])));
    const lines = items.slice(0, shown).map((item) => entry(item, photoOf.get(item.id)));
    if (items.length > shown) lines.push(moreButton(items.length, state));
    replaceChanged(lines);
    one("[data-log-section]").hidden = items.length === 0;
  }

  /** Draw only what changed: a press and the focus outlast what does not concern them. */
  function replaceChanged(lines) {
    for (const [at, line] of lines.entries()) {
      const old = list.children[at];
      if (!old) list.append(line);
      else if (old.outerHTML !== line.outerHTML) old.replaceWith(line);
    }
    while (list.children.length > lines.length) list.lastChild.remove();
  }

  // The queue as a file: for when the phone never finds a signal again.
  exportButton.addEventListener("click", async () => {
    const items = (await store.all()).filter((item) => item.state !== "sent");
    const hasPhotos = (await store.photos()).some((photo) => photo.state !== "sent");
    const content = JSON.stringify(
      {
        format: "kukar-connect-queue",
        version: 1,
        reports: items.map((item) => item.report),
      },
      null,
      1,
    );
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    link.download = `kukar-antrean-${new Date().toISOString().slice(0, 10)}.json`;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    const told = [say("exported", { address: importUrl })];
    if (hasPhotos) told.push(say("exported_without_photos"));
    exported = told.join(" ");
    status.textContent = exported;
  });

  return {
    show,
    celebrate(count) {
      justSaved = count;
      exported = "";
      // The next visit starts with a quiet bar.
      window.setTimeout(() => {
        justSaved = 0;
      }, 10_000);
    },
  };
}
