// What became of the reports on this phone: counted always, listed below the form.

import { isAsked } from "./reviews.js";

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

  const time = (iso) =>
    new Date(iso).toLocaleString(language, {
      dateStyle: "medium",
      timeStyle: "short",
      timeZone: "Asia/Makassar",
    });

  function statusText(state, waiting, aside) {
    const parts = [];
    if (justSaved > 0) parts.push(say("kept", { count: justSaved }));
    if (state.isSending && waiting > 0) parts.push(say("sending"));
    else if (waiting > 0 && state.stopped) parts.push(say(`stopped_${state.stopped}`));
    else if (waiting === 0 && aside === 0) parts.push(say("all_sent"));
    if (aside > 0) parts.push(say("some_aside", { count: aside }));
    return parts.join(" ");
  }

  function entry(item) {
    const { report } = item;
    const line = element("li", `log__item log__item--${item.state}`);
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
        reasons.append(element("li", "", `${field}: ${[told].flat().join(" ")}`));
      if (reasons.children.length > 0) line.append(reasons);
      line.append(asideButtons(item));
    }
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

  async function show(state) {
    const items = await store.all();
    const count = (wanted) => items.filter((item) => item.state === wanted).length;
    const waiting = count("waiting");
    const aside = count("aside");
    counter.textContent = say("counter", { waiting, sent: count("sent") });
    bar.dataset.state = waiting > 0 ? "waiting" : aside > 0 ? "aside" : "empty";
    const text = statusText(state, waiting, aside);
    if (status.textContent !== text) status.textContent = text;
    one("[data-send-now]").hidden = waiting === 0;
    one("[data-send-now]").disabled = Boolean(state.isSending);
    exportButton.hidden = waiting + aside === 0;
    const RANK = { aside: 0, waiting: 1, sent: 2 };
    // What somebody has to do something about comes first.
    const rank = (item) => (isAsked(item) ? 0 : RANK[item.state]);
    items.sort(
      (a, b) =>
        rank(a) - rank(b) ||
        b.saved_at.localeCompare(a.saved_at) ||
        (a.order ?? 0) - (b.order ?? 0),
    );
    list.replaceChildren(...items.slice(0, SHOWN).map(entry));
    one("[data-log-section]").hidden = items.length === 0;
  }

  // The queue as a file: for when the phone never finds a signal again.
  exportButton.addEventListener("click", async () => {
    const items = (await store.all()).filter((item) => item.state !== "sent");
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
    status.textContent = say("exported", { address: importUrl });
  });

  return {
    show,
    celebrate(count) {
      justSaved = count;
      // The next visit starts with a quiet bar.
      window.setTimeout(() => {
        justSaved = 0;
      }, 10_000);
    },
  };
}
