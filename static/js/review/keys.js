// Single keys on the review page. They can be switched off (WCAG 2.1.4), and never act
// while a field is being written in or a modifier is held.

const SWITCH = "kukar-review-keys";
const one = (selector) => document.querySelector(selector);

const toggle = one("[data-keys-switch]");
const helpButton = one("[data-keys-help]");
const help = one("#keys-help");

function remembered() {
  try {
    return window.localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

function remember(isOn) {
  try {
    window.localStorage.setItem(SWITCH, isOn ? "on" : "off");
  } catch {
    // A browser that keeps nothing starts with them on.
  }
}

function showHelp(isShown) {
  help.hidden = !isShown;
  helpButton.setAttribute("aria-expanded", String(isShown));
}

function showMarks() {
  document.body.classList.toggle("has-keys", toggle.checked);
}

const focusField = (decision) => () =>
  one(`[data-decision="${decision}"] input[name="reason"]:enabled`)?.focus();

const ACTS = {
  a: () => one('[data-decision="accepted"] button')?.click(),
  r: focusField("rejected"),
  t: focusField("asked"),
  j: () => one("[data-behind]")?.click(),
  k: () => one("[data-before]")?.click(),
  "?": () => showHelp(help.hidden),
};

const isWriting = (target) =>
  target.closest("select, textarea, [contenteditable], input:not([type=checkbox])") !== null;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (isWriting(event.target)) one("#report-title")?.focus();
    else showHelp(false);
    return;
  }
  if (!toggle.checked || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.repeat || isWriting(event.target)) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// One decision for one press, however slow the answer is.
for (const form of document.querySelectorAll("[data-decision]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.isSent) event.preventDefault();
    form.dataset.isSent = "true";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-decision]")) delete form.dataset.isSent;
});

toggle.checked = remembered();
toggle.addEventListener("change", () => {
  remember(toggle.checked);
  showMarks();
});
helpButton.addEventListener("click", () => showHelp(help.hidden));
one("[data-keys]").hidden = false;
showMarks();
// Where one goes on reading after a decision.
if (new URLSearchParams(window.location.search).has("report"))
  one("#report-title")?.focus({ preventScroll: true });
