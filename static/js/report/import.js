// Shows how far an import is. Without this the page has a link to load it anew.

const EVERY_MS = 1000;
const card = document.querySelector("[data-import]");
const url = card.dataset.statusUrl;
const wasInterrupted = card.dataset.isInterrupted === "true";
const numbers = new Intl.NumberFormat(document.documentElement.lang);

function show(status) {
  for (const field of card.querySelectorAll("[data-field]")) {
    const name = field.dataset.field;
    if (name === "percent") field.value = status.percent;
    else if (name === "percent_text") field.textContent = status.percent;
    else if (name === "state_name") field.textContent = status.state_name;
    else field.textContent = numbers.format(status[name]);
  }
}

async function poll() {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) {
      const status = await response.json();
      show(status);
      // What else the page says at the end, or when it is cut off, the server writes.
      if (status.is_finished || status.is_interrupted !== wasInterrupted)
        return window.location.reload();
    }
  } catch {
    // The office's network comes and goes; the next look may find it.
  }
  return window.setTimeout(poll, EVERY_MS);
}

if (url) {
  const reload = card.querySelector("[data-reload]");
  if (reload) reload.hidden = true;
  window.setTimeout(poll, EVERY_MS);
}
