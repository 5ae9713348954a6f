// The report form: reads it, sends it, keeps it until the server has it.

import { PRECISE_M, STALE_MS, watchPosition } from "./position.js";
import { makePinMap } from "./pin.js";
import { makeUuid, sendReport } from "./send.js";

const texts = JSON.parse(document.getElementById("report-texts").textContent);
const language = document.documentElement.lang;
const form = document.getElementById("report");
const one = (selector, within = document) => within.querySelector(selector);
const fields = one("[data-all]", form);
const problem = one("[data-problem]", form);
const submitButton = one("[data-submit]", form);
const againButton = one("[data-again]", form);
const signInLink = one("[data-sign-in]", form);
const pinPanel = one("#pin-panel");
const usePinButton = one("[data-use-pin]");
const useDeviceButton = one("[data-use-device]");
const latInput = one("#lat");
const lonInput = one("#lon");
const receipt = one("#receipt");

const say = (key, values = {}) =>
  texts[key].replace(/\{(\w+)\}/g, (_match, name) => values[name]);
const metres = (value) => Math.max(1, Math.round(value)).toLocaleString(language);

// --- position ----------------------------------------------------------------
let fix = null; // the phone's, kept by position.js
let fixError = null;
let pin = null; // [lon, lat], set by hand
let isPinned = false;
let samePlace = null; // the position of the report just sent
let pinMap = null;

function position() {
  if (samePlace) return samePlace;
  if (isPinned) {
    return pin && { lon: pin[0], lat: pin[1], accuracy_m: null, position_source: "manual" };
  }
  return (
    fix && {
      lon: fix.lon,
      lat: fix.lat,
      accuracy_m: Math.round(fix.accuracyM * 10) / 10,
      position_source: "device",
    }
  );
}

function describePosition() {
  if (samePlace) return ["good", say("same_place")];
  if (isPinned) {
    if (!pin) return ["none", say("manual_missing")];
    return ["good", say("manual", { lon: pin[0].toFixed(5), lat: pin[1].toFixed(5) })];
  }
  if (fix) {
    const ageMs = Date.now() - fix.atMs;
    const accuracy = metres(fix.accuracyM);
    if (ageMs > 2 * STALE_MS)
      return ["poor", say("stale", { seconds: Math.round(ageMs / 1000), accuracy })];
    if (fix.accuracyM <= PRECISE_M) return ["good", say("precise", { accuracy })];
    return ["poor", say("waiting_better", { accuracy })];
  }
  if (fixError) return ["none", say(fixError)];
  return ["searching", say("searching")];
}

function showPosition() {
  const [quality, text] = describePosition();
  one("[data-position-box]").dataset.quality = quality;
  const line = one("[data-position-text]");
  // A screen reader says it again with every change, so only with a change.
  if (line.textContent !== text) line.textContent = text;
  if (position()) showError("position", "");
}

function setPin(lonLat, { isTyped = false } = {}) {
  samePlace = null;
  pin = lonLat;
  if (!isTyped && lonLat) {
    lonInput.value = lonLat[0].toFixed(6);
    latInput.value = lonLat[1].toFixed(6);
  }
  showPosition();
}

/** Show what fits the way the position is found: by phone, by pin, or as before. */
function showPositionControls() {
  const isPinOpen = isPinned && !samePlace;
  pinPanel.hidden = !isPinOpen;
  usePinButton.hidden = isPinOpen;
  usePinButton.setAttribute("aria-expanded", String(isPinOpen));
  useDeviceButton.hidden = !(isPinned || samePlace);
}

async function openPin() {
  samePlace = null;
  isPinned = true;
  showPositionControls();
  showPosition();
  try {
    const isNew = pinMap === null;
    pinMap ??= makePinMap(one("[data-map]"), { ...form.dataset }, setPin);
    const map = await pinMap;
    map.refresh();
    if (isNew && fix) map.show([fix.lon, fix.lat]);
  } catch {
    pinMap = null;
    one("[data-map]").hidden = true;
    one("[data-pin-middle]").hidden = true;
    const line = one("[data-map-error]");
    line.textContent = say("map_failed");
    line.hidden = false;
  }
}

function useDevice() {
  samePlace = null;
  isPinned = false;
  showPositionControls();
  showPosition();
  usePinButton.focus();
}

async function readTypedPin() {
  const [lon, lat] = [lonInput, latInput].map((input) =>
    input.value.trim() === "" ? NaN : Number(input.value.trim().replace(",", ".")),
  );
  const isPlace = Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
  setPin(isPlace ? [lon, lat] : null, { isTyped: true });
  if (isPlace && pinMap) {
    const map = await pinMap;
    map.setPin([lon, lat]);
    map.show([lon, lat]);
  }
}

// --- what is wrong -------------------------------------------------------------
function errorLine(field) {
  if (field === "position") return one("#error-position");
  return [...form.querySelectorAll("[data-error]")].find((line) =>
    line.dataset.error.split(" ").includes(field),
  );
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
  for (const line of form.querySelectorAll("[data-error]")) {
    line.textContent = "";
    line.hidden = true;
  }
  problem.replaceChildren();
}

function showProblem(text, items = []) {
  const box = document.createElement("div");
  box.className = "notice notice--error";
  const line = document.createElement("p");
  line.textContent = text;
  box.append(line);
  if (items.length > 0) {
    const list = document.createElement("ul");
    for (const item of items) {
      const entry = document.createElement("li");
      entry.textContent = item;
      list.append(entry);
    }
    box.append(list);
  }
  problem.replaceChildren(box);
}

// --- the report ---------------------------------------------------------------
let pending = null; // made and not known to be stored: sent as it is until it is

function checked(name) {
  return one(`input[name=${name}]:checked`, form);
}

/** Return the report as filled in, or null after saying what is missing. */
function readForm() {
  clearErrors();
  const where = position();
  const missing = [];
  if (!checked("operator")) missing.push(["operator", say("need_operator")]);
  if (!checked("found")) missing.push(["found", say("need_found")]);
  if (!where) missing.push(["position", say("need_position")]);
  for (const [field, text] of missing) showError(field, text);
  if (missing.length > 0) {
    const step = one(`#step-${missing[0][0]}`);
    step.scrollIntoView({ block: "center" });
    one("input, button:not([hidden])", step).focus({ preventScroll: true });
    return null;
  }
  const found = checked("found").value;
  const hasReading = found === "voice_only" || found === "data";
  const rsrp = form.elements.rsrp_dbm.value.trim().replace(",", ".");
  return {
    id: makeUuid(),
    observed_at: new Date().toISOString(),
    operator: checked("operator").value,
    found,
    ...where,
    technology: hasReading ? form.elements.technology.value : "",
    // What is no number goes as it is: the server says so, in the visitor's words.
    rsrp_dbm: hasReading && rsrp !== "" ? (Number(rsrp) || rsrp) : null,
    environment: form.elements.environment.value,
    note: form.elements.note.value.trim(),
  };
}

function lock(isLocked) {
  fields.disabled = isLocked;
  submitButton.hidden = isLocked;
}

async function send() {
  submitButton.hidden = false;
  submitButton.disabled = true;
  againButton.hidden = signInLink.hidden = true;
  const label = submitButton.textContent;
  submitButton.textContent = say("sending");
  fields.disabled = true;
  problem.replaceChildren();
  const answer = await sendReport(form.dataset.apiUrl, pending);
  submitButton.disabled = false;
  submitButton.textContent = label;
  act[answer.kind](answer);
}

function keep(text, { canSignIn = false } = {}) {
  lock(true);
  againButton.hidden = false;
  signInLink.hidden = !canSignIn;
  showProblem(text);
  againButton.focus();
}

function letGo() {
  pending = null;
  lock(false);
}

const act = {
  stored({ result }) {
    const report = pending;
    letGo();
    showReceipt(report, result);
  },
  refused({ errors }) {
    letGo();
    const items = Object.entries(errors).map(([field, reasons]) => {
      const text = [reasons].flat().join(" ");
      if (errorLine(field)) showError(field, text);
      const label = one(`label[for=${CSS.escape(field)}]`)?.textContent ??
        { lon: texts.field_position, lat: texts.field_position,
          accuracy_m: texts.field_position, observed_at: texts.field_time }[field];
      return label ? `${label}: ${text}` : text;
    });
    showProblem(say("refused"), items);
    submitButton.focus();
  },
  conflict() {
    letGo();
    showProblem(say("conflict"));
    submitButton.focus();
  },
  network: () => keep(say("not_sent")),
  server: ({ status }) => keep(say("server_failed", { status })),
  signed_out: () => keep(say("signed_out"), { canSignIn: true }),
  not_allowed: () => keep(say("not_allowed"), { canSignIn: true }),
};

// --- after it is stored ----------------------------------------------------------
const reportedHere = new Set();

function showReceipt(report, result) {
  const name = (field) => one(`input[name=${field}][value=${report[field]}]`).dataset.name;
  const time = new Date(report.observed_at).toLocaleString(language, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "Asia/Makassar",
  });
  const facts = {
    title: say(result.status === 201 ? "stored" : "stored_already"),
    code: result.receipt,
    operator: name("operator"),
    found: name("found"),
    village: result.village_name ?? say("outside"),
    time: `${time} WITA`,
  };
  for (const [fact, text] of Object.entries(facts))
    one(`[data-receipt=${fact}]`).textContent = text;
  reportedHere.add(report.operator);
  const entry = document.createElement("li");
  entry.textContent = [facts.code, facts.operator, facts.found, facts.village].join(" · ");
  one("[data-sent-list]").prepend(entry);
  one("[data-sent]").hidden = false;
  samePlace = Object.fromEntries(
    ["lon", "lat", "accuracy_m", "position_source"].map((key) => [key, report[key]]),
  );
  form.hidden = true;
  receipt.hidden = false;
  one("[data-receipt=title]").focus();
  receipt.scrollIntoView({ block: "nearest" });
}

function nextReport({ isSamePlace }) {
  if (!isSamePlace) {
    samePlace = null;
    pin = null;
    lonInput.value = latInput.value = "";
    reportedHere.clear();
    form.elements.environment.value = "";
  }
  const radios = [...form.querySelectorAll("input[name=operator]")];
  const next = radios.find((radio) => !reportedHere.has(radio.value));
  for (const radio of form.querySelectorAll("input[type=radio]")) radio.checked = false;
  if (isSamePlace && next) next.checked = true;
  for (const name of ["technology", "rsrp_dbm", "note"]) form.elements[name].value = "";
  clearErrors();
  receipt.hidden = true;
  form.hidden = false;
  showPositionControls();
  showPosition();
  const first = isSamePlace && next ? "found" : "operator";
  one(`#step-${first}`).scrollIntoView({ block: "start" });
  one(`input[name=${first}]`).focus({ preventScroll: true });
}

// --- begin -------------------------------------------------------------------
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (pending) return;
  pending = readForm();
  if (pending) send();
});
againButton.addEventListener("click", send);
usePinButton.addEventListener("click", openPin);
useDeviceButton.addEventListener("click", useDevice);
one("[data-pin-middle]").addEventListener("click", async () =>
  (await pinMap)?.pinInMiddle(),
);
latInput.addEventListener("change", readTypedPin);
lonInput.addEventListener("change", readTypedPin);
one("[data-same-place]").addEventListener("click", () => nextReport({ isSamePlace: true }));
one("[data-new-place]").addEventListener("click", () => nextReport({ isSamePlace: false }));
for (const radio of form.querySelectorAll("input[type=radio]"))
  radio.addEventListener("change", () => showError(radio.name, ""));
window.addEventListener("beforeunload", (event) => {
  if (pending) event.preventDefault();
});

watchPosition(
  (next) => {
    fix = next;
    showPosition();
  },
  (reason) => {
    fixError = reason;
    if (!fix && reason !== "unavailable" && !isPinned) openPin();
    if (isPinned && !fix) pinReason(reason);
    showPosition();
  },
);
window.setInterval(showPosition, 5_000);
form.hidden = false;
showPosition();

/** Say why the map is open although nobody asked for it. */
function pinReason(reason) {
  const line = one("[data-map-error]");
  line.textContent = say(reason);
  line.hidden = false;
}
