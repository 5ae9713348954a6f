// The report form: one visit gives one report for each operator that was looked at. What
// is filled in is kept on the phone first, and sent from there by the outbox.

import { makeCamera } from "./camera.js";
import { makeDevice } from "./device.js";
import { makeEnrolment } from "./enrol.js";
import { makeLog } from "./log.js";
import { makeSender } from "./outbox.js";
import { sendPhotos } from "./photos.js";
import { makePlace } from "./place.js";
import { makeProbe } from "./probe.js";
import { watchReadiness } from "./ready.js";
import { makeReviews } from "./reviews.js";
import {
  csrfToken,
  enrol,
  getReviews,
  getTasks,
  makeUuid,
  ping,
  postAnswer,
  putPiece,
  sendReports,
} from "./send.js";
import { makeLock, makeStore } from "./store.js";
import { makeTaskList } from "./task_list.js";
import { makeTasks } from "./tasks.js";
import { runTrip } from "./trip.js";

const texts = JSON.parse(document.getElementById("report-texts").textContent);
const language = document.documentElement.lang;
const form = document.getElementById("report");
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const problem = one("[data-problem]", form);
const submitButton = one("[data-submit]", form);
const signIn = one("[data-sign-in]");
const rows = all("[data-operator]", form);

const say = (key, values = {}) =>
  texts[key].replace(/\{(\w+)\}/g, (_match, name) => values[name]);

// --- what is kept, and what is sent -----------------------------------------------
const store = makeStore();
// Who was signed in when the server was last heard; reports are theirs.
let account = null;
let state = { isSending: false, stopped: null, nextS: null };
let correcting = null; // the item set aside that fills the form now

const channel = "BroadcastChannel" in window ? new BroadcastChannel("kukar-outbox") : null;

const device = makeDevice({
  store,
  ping: (headers) => ping(form.dataset.pingUrl, headers),
  enrol: (wanted) => enrol(form.dataset.enrolUrl, wanted),
});

async function hear() {
  const pong = await device.hear();
  if (pong.online && pong.account !== account) {
    account = pong.account ?? account;
    await store.putNote("account", account);
  }
  return pong;
}

const reviews = makeReviews({
  store,
  get: (since) => getReviews(form.dataset.reviewsUrl, since, device.headers()),
  post: (id, text) =>
    postAnswer(form.dataset.answerUrl.replace("ID", id), text, device.headers()),
  scope: () => (device.headers().Authorization ? " (device)" : ""),
  onChanged() {
    showState();
    channel?.postMessage("changed");
  },
});

const tasks = makeTasks({
  store,
  get: () => getTasks(form.dataset.tasksUrl, device.headers()),
  scope: () => (device.headers().Authorization ? " (device)" : ""),
  onChanged() {
    showState();
    channel?.postMessage("changed");
  },
});

const kick = makeSender({
  store,
  ping: hear,
  send: (reports, by) => sendReports(form.dataset.apiUrl, reports, by, device.headers()),
  hasMore: async () => (await device.isWanted()) || (await reviews.isWaiting(account)),
  sendPhotos: (sender) =>
    sendPhotos({
      store,
      put: (piece) => putPiece(form.dataset.photoUrl, piece, device.headers()),
      account: sender,
      onChange: () => showState(),
    }),
  withLock: makeLock(store),
  schedule: (work, seconds) => window.setTimeout(work, seconds * 1000),
  cancel: (timer) => window.clearTimeout(timer),
  onState(next) {
    state = next;
    showState();
    channel?.postMessage("changed");
    // The server was just heard, and nothing of this account's waits any more.
    if (!next.isSending && !next.stopped && next.account) {
      reviews.sync(next.account);
      tasks.sync(next.account);
    }
  },
});

const log = makeLog({
  say,
  language,
  store,
  names: {
    operator: (value) => one(`[data-operator="${value}"]`).dataset.name,
    choice: (report) => choiceName(report),
    field: (name) => texts[`field_${name}`] ?? name,
  },
  onCorrect: correct,
  onAnswer: (item, text) => reviews.answer(item, text, state.stopped ? null : state.account),
  onChanged: () => kick(),
  importUrl: form.dataset.queueUrl,
});

const enrolment = makeEnrolment({ say, device, onWanted: () => kick() });

const NEEDS_SIGN_IN = ["signed_out", "device_refused", "not_allowed", "other_account"];

const taskList = makeTaskList({
  say,
  language,
  store,
  tasks,
  names: { operator: (value) => one(`[data-operator="${value}"]`).dataset.name },
  account: () => account ?? state.account ?? null,
});

async function showState() {
  await log.show(state);
  await taskList.show();
  await enrolment.show();
  const { device: known } = await device.state();
  one("[data-account]").textContent = whoSends(known);
  signIn.hidden = !NEEDS_SIGN_IN.includes(state.stopped);
  // Only once the server was asked, or cannot be: a moment before, nobody is known yet.
  one("[data-nobody]").hidden = Boolean(account || known) || !state.stopped;
}

function whoSends(known) {
  if (known && !known.refused)
    return say("device", { device: known.name, account: known.account });
  return account ? say("account", { account }) : "";
}

// --- the choices --------------------------------------------------------------------
// The form's five words, as a report says them.
const SAYS = {
  none: { found: "no_service" },
  emergency: { found: "emergency_only" },
  calls: { found: "voice_only" },
  slow: { found: "data", internet: "slow" },
  good: { found: "data", internet: "good" },
};

function choiceOf(report) {
  return Object.keys(SAYS).find(
    (choice) =>
      SAYS[choice].found === report.found &&
      (SAYS[choice].internet ?? "") === (report.internet ?? ""),
  );
}

function choiceName(report) {
  const choice = choiceOf(report);
  return choice ? one(`input[value="${choice}"]`, form).dataset.name : report.found;
}

function chosen(row) {
  return one("input[type=radio]:checked", row)?.value ?? null;
}

function showReadings() {
  for (const row of rows) {
    const choice = chosen(row);
    one("[data-clear]", row).hidden = choice === null;
    one(`[data-reading="${row.dataset.operator}"]`, form).hidden = !(
      choice && ["voice_only", "data"].includes(SAYS[choice].found)
    );
  }
  one("[data-no-reading]", form).hidden = all("[data-reading]:not([hidden])", form).length > 0;
  const withInternet = rows.filter((row) => SAYS[chosen(row)]?.found === "data");
  probe.offer(withInternet.map((row) => row.dataset.operator));
}

const camera = makeCamera({ say });
const probe = makeProbe({
  say,
  language,
  url: form.dataset.probeUrl,
  headers: () => ({ "X-CSRFToken": csrfToken(), ...device.headers() }),
  name: (operator) => one(`[data-operator="${operator}"]`, form).dataset.name,
});

// --- position -----------------------------------------------------------------------
const place = makePlace({
  say,
  language,
  addresses: { ...form.dataset },
  villages: async () => (await fetch(form.dataset.villagesUrl)).json(),
});
place.onChange((where) => {
  if (where) showError("position", "");
  taskList.show(where).catch(() => {});
});

// --- what is wrong ------------------------------------------------------------------
function errorLine(field) {
  return one(`[data-error~="${CSS.escape(field)}"]`, form);
}

function showError(field, text) {
  const line = errorLine(field);
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
  const more = line.closest("details");
  if (text && more) more.open = true;
}

function clearErrors() {
  for (const line of all("[data-error]", form)) {
    line.textContent = "";
    line.hidden = true;
  }
  problem.replaceChildren();
}

function showProblem(text) {
  const box = document.createElement("p");
  box.className = "notice notice--error";
  box.textContent = text;
  problem.replaceChildren(box);
}

// --- the reports --------------------------------------------------------------------
function number(text) {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  // What is no number goes as it is: the server says so, in the visitor's words.
  return Number.isFinite(Number(plain)) ? Number(plain) : plain;
}

/** Return one report for each operator chosen, or null after saying what is missing. */
function readForm() {
  clearErrors();
  const where = place.position();
  const looked = rows.filter((row) => chosen(row));
  const missing = [];
  if (looked.length === 0) missing.push(["found", say("need_found"), rows[0]]);
  if (!where) missing.push(["position", say("need_position"), one("#step-position")]);
  for (const [field, text] of missing) showError(field, text);
  for (const row of looked) {
    const rsrp = one("[name=rsrp_dbm]", readingOf(row));
    const value = number(rsrp.value);
    const isShown = !readingOf(row).hidden;
    if (isShown && value !== null && !(value >= -156 && value <= -24))
      missing.push(["rsrp_dbm", say("bad_rsrp", { operator: row.dataset.name }), rsrp]);
  }
  const hours = number(form.elements.power_out_hours.value);
  if (hours !== null && !(hours >= 0 && hours <= 744))
    missing.push(["power_out_hours", say("bad_hours"), form.elements.power_out_hours]);
  if (missing.length > 0) {
    for (const [field, text] of missing) showError(field, text);
    const [, , at] = missing[0];
    at.scrollIntoView({ block: "center" });
    (at.matches("input") ? at : one("input, button:not([hidden])", at)).focus({
      preventScroll: true,
    });
    return null;
  }
  const observedAt = correcting?.report.observed_at ?? new Date().toISOString();
  return looked.map((row) => {
    const said = SAYS[chosen(row)];
    const reading = readingOf(row);
    const hasReading = !reading.hidden;
    return {
      id: makeUuid(),
      observed_at: observedAt,
      operator: row.dataset.operator,
      ...said,
      ...where,
      technology: hasReading ? one("[name=technology]", reading).value : "",
      rsrp_dbm: hasReading ? number(one("[name=rsrp_dbm]", reading).value) : null,
      ...probe.ratesOf(row.dataset.operator),
      environment: one("input[name=environment]:checked", form)?.value ?? "",
      power_out_hours: hours,
      note: form.elements.note.value.trim(),
    };
  });
}

function readingOf(row) {
  return one(`[data-reading="${row.dataset.operator}"]`, form);
}

async function save(event) {
  event.preventDefault();
  const reports = readForm();
  if (!reports) return;
  submitButton.disabled = true;
  const savedAt = new Date().toISOString();
  const items = reports.map((report, order) => ({
    id: report.id,
    report,
    state: "waiting",
    account,
    saved_at: savedAt,
    order,
    tries: 0,
  }));
  const ids = items.map((item) => item.id);
  try {
    const photo = await camera.photo();
    const photos = photo ? [{ ...photo, reports: ids, saved_at: savedAt }] : [];
    if (correcting) await store.replace(correcting.id, items, photos);
    else await store.save(items, photos);
  } catch (error) {
    // Everything stays filled in; nothing is said to be kept that is not.
    showProblem(say(error?.name === "QuotaExceededError" ? "phone_full" : "not_kept"));
    return;
  } finally {
    submitButton.disabled = false;
  }
  // Asked only now that there is something to keep; browsers grant it by use.
  navigator.storage?.persist?.().catch(() => {});
  correcting = null;
  startAnew();
  log.celebrate(items.length);
  channel?.postMessage("changed");
  await taskList.saved();
  await showState();
  kick();
}

function startAnew() {
  for (const input of all("input[type=radio]", form)) input.checked = false;
  for (const name of ["note", "power_out_hours"]) form.elements[name].value = "";
  for (const reading of all("[data-reading]", form)) {
    one("[name=technology]", reading).value = "";
    one("[name=rsrp_dbm]", reading).value = "";
  }
  one("[data-correcting]", form).hidden = true;
  place.forget();
  camera.clear();
  probe.forget();
  clearErrors();
  showReadings();
}

/** Fill the form with a report that was set aside, to be corrected and saved anew. */
function correct(item) {
  startAnew();
  correcting = item;
  const { report } = item;
  const row = one(`[data-operator="${report.operator}"]`, form);
  const choice = choiceOf(report);
  if (row && choice) one(`input[value="${choice}"]`, row).checked = true;
  showReadings();
  if (row) {
    one("[name=technology]", readingOf(row)).value = report.technology ?? "";
    one("[name=rsrp_dbm]", readingOf(row)).value = report.rsrp_dbm ?? "";
    probe.use(report.operator, report);
  }
  const environment = one(`input[name=environment][value="${report.environment}"]`, form);
  if (environment) environment.checked = true;
  form.elements.power_out_hours.value = report.power_out_hours ?? "";
  form.elements.note.value = report.note ?? "";
  const { lon, lat, accuracy_m, position_source } = report;
  place.use({ lon, lat, accuracy_m, position_source });
  camera.use(store.photoOf(item.id));
  one("[data-correcting]", form).hidden = false;
  for (const [field, reasons] of Object.entries(item.problem?.errors ?? {}))
    showError(field, [reasons].flat().join(" "));
  form.scrollIntoView({ block: "start" });
  one("input", row ?? form).focus({ preventScroll: true });
}

// --- language: the page is kept on the phone, so it must be fetched anew ---------------
for (const other of all("form[data-language]")) {
  other.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(other, event.submitter);
    // The page may be older than the sign-in; the cookie is not.
    data.delete("csrfmiddlewaretoken");
    try {
      const answer = await fetch(other.action, {
        method: "POST",
        body: data,
        headers: { "X-CSRFToken": csrfToken() },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const worker = navigator.serviceWorker?.controller;
      if (!worker) return window.location.reload();
      const done = new MessageChannel();
      done.port1.onmessage = () => window.location.reload();
      worker.postMessage({ kind: "refresh-page", url: form.dataset.pageUrl }, [done.port2]);
    } catch {
      showProblem(say("language_needs_connection"));
    }
    return undefined;
  });
}

// --- begin --------------------------------------------------------------------------
form.addEventListener("submit", save);
for (const input of all("input[type=radio]", form)) {
  input.addEventListener("change", () => {
    showError("found", "");
    showReadings();
  });
}
for (const row of rows) {
  one("[data-clear]", row).addEventListener("click", () => {
    const input = one("input:checked", row);
    if (input) input.checked = false;
    showReadings();
    one("input", row).focus();
  });
}
one("[data-stop-correcting]", form).addEventListener("click", () => {
  correcting = null;
  startAnew();
});
one("[data-send-now]").addEventListener("click", () => kick());
window.addEventListener("online", () => kick());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") kick();
});
if (channel) channel.onmessage = () => showState();

runTrip({ say, language, url: form.dataset.tripUrl, onChanged: place.showKept });
watchReadiness({ say, swUrl: form.dataset.swUrl });
showReadings();
form.hidden = false;
(async () => {
  try {
    account = (await store.note("account")) ?? null;
    await enrolment.takeCode();
  } catch {
    showProblem(say("no_store"));
    return;
  }
  await showState();
  kick();
})();
