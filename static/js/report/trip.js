// "The map for a trip": which districts to keep on the phone, how large they are, and what
// is kept. Nothing is fetched until somebody opens it.

import { forgetTrip, keepTrip, keptTrip } from "./kept.js";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The tiles of *districts*, each once though neighbours share some: `[[url, bytes]]`. */
export function tilesOf(districts, address) {
  const urls = new Map();
  for (const { tiles } of districts)
    for (const [z, x, y, bytes] of tiles)
      urls.set(address.replace("{z}", z).replace("{x}", x).replace("{y}", y), bytes);
  return [...urls];
}

const sum = (urls) => urls.reduce((total, [, bytes]) => total + bytes, 0);

/** Run the section; `onChanged()` is called when what is kept has changed. */
export function runTrip({ say, language, url, onChanged = () => {} }) {
  const box = one("[data-trip]");
  const summary = one("[data-trip-kept]", box);
  const status = one("[data-trip-status]", box);
  const chooser = one("[data-trip-chooser]", box);
  const operator = one("[data-trip-operator]", box);
  const service = one("[data-trip-service]", box);
  const list = one("[data-trip-districts]", box);
  const size = one("[data-trip-size]", box);
  const keepButton = one("[data-trip-keep]", box);
  const stopButton = one("[data-trip-stop]", box);
  const removeButton = one("[data-trip-remove]", box);
  const progress = one("progress", box);
  let offer = null;
  let asking = null;
  let running = null;

  const inSize = (bytes) =>
    bytes < 1_000_000
      ? `${Math.max(1, Math.round(bytes / 1000)).toLocaleString(language)} kB`
      : `${(bytes / 1_000_000).toLocaleString(language, { maximumFractionDigits: 1 })} MB`;
  const onDate = (iso) =>
    new Date(iso).toLocaleDateString(language, {
      dateStyle: "medium",
      timeZone: "Asia/Makassar",
    });

  async function showKept() {
    const kept = await keptTrip();
    removeButton.hidden = !kept;
    summary.textContent = kept
      ? say("trip_kept", {
          districts: kept.districts.map(({ name }) => name).join(", "),
          layer: `${kept.operator_name}, ${kept.service_name}`,
          size: inSize(kept.bytes),
          date: onDate(kept.cutoff),
        })
      : say("trip_none");
    return kept;
  }

  const chosen = () => {
    const codes = all("input:checked", list).map(({ value }) => value);
    return offer.districts.filter(({ code }) => codes.includes(code));
  };

  function showSize() {
    const urls = tilesOf(chosen(), offer.address);
    keepButton.disabled = urls.length === 0;
    size.textContent =
      urls.length === 0
        ? say("trip_choose")
        : say("trip_size", { count: urls.length, size: inSize(sum(urls)) });
  }

  function fill(select, choices, value) {
    select.replaceChildren(
      ...choices.map((choice) =>
        element("option", {
          value: choice.value,
          textContent: choice.name,
          selected: choice.value === value,
        }),
      ),
    );
  }

  function showOffer(ticked) {
    fill(operator, offer.operators, offer.operator);
    fill(service, offer.services, offer.service);
    list.replaceChildren(
      ...offer.districts.map((district) =>
        element(
          "label",
          { className: "trip__district" },
          element("input", {
            type: "checkbox",
            value: district.code,
            checked: ticked.includes(district.code),
          }),
          element("span", { textContent: district.name }),
          element("span", {
            className: "trip__bytes",
            textContent: inSize(sum(tilesOf([district], offer.address))),
          }),
        ),
      ),
    );
    chooser.hidden = false;
    showSize();
  }

  function refusal(response) {
    if (response.status === 401) return say("trip_signed_out");
    if (response.status === 403) return say("trip_not_allowed");
    if (response.status === 404) return say("trip_no_run");
    return say("trip_failed");
  }

  /** Ask what there is in the layer that is chosen. */
  async function ask(ticked, layer) {
    asking?.abort();
    asking = new AbortController();
    status.textContent = say("trip_asking");
    try {
      const response = await fetch(`${url}?${new URLSearchParams(layer)}`, {
        headers: { Accept: "application/json", "Accept-Language": language },
        signal: asking.signal,
      });
      if (!response.ok) {
        status.textContent = refusal(response);
        return;
      }
      offer = await response.json();
      status.textContent = offer.districts.length > 0 ? "" : say("trip_no_run");
      showOffer(ticked);
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = say("trip_offline");
    }
  }

  box.addEventListener("toggle", async () => {
    if (!box.open || offer) return;
    const kept = await showKept();
    await ask(
      kept ? kept.districts.map(({ code }) => code) : [],
      kept ? { operator: kept.operator, service: kept.service } : {},
    );
  });
  for (const select of [operator, service])
    select.addEventListener("change", () =>
      ask(
        chosen().map(({ code }) => code),
        { operator: operator.value, service: service.value },
      ),
    );
  list.addEventListener("change", showSize);

  keepButton.addEventListener("click", async () => {
    const districts = chosen();
    const urls = tilesOf(districts, offer.address);
    const bytes = sum(urls);
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    if (quota && quota - usage < bytes) {
      status.textContent = say("trip_full");
      return;
    }
    running = new AbortController();
    for (const control of [keepButton, operator, service]) control.disabled = true;
    progress.max = bytes;
    progress.value = 0;
    progress.hidden = stopButton.hidden = false;
    status.textContent = say("trip_coming");
    stopButton.focus();
    try {
      await keepTrip({
        urls,
        signal: running.signal,
        onProgress: (come) => {
          progress.value = come;
        },
        label: {
          run: offer.run,
          cutoff: offer.input_cutoff_at,
          is_demo: offer.is_demo,
          operator: offer.operator,
          service: offer.service,
          operator_name: operator.selectedOptions[0].textContent,
          service_name: service.selectedOptions[0].textContent,
          states: offer.states,
          address: offer.address,
          zooms: offer.zooms,
          districts: districts.map(({ code, name }) => ({ code, name })),
          bytes,
        },
      });
      status.textContent = say("trip_done");
    } catch (error) {
      const why = { AbortError: "trip_stopped", QuotaExceededError: "trip_full" };
      status.textContent = say(why[error.name] ?? "trip_cut_off");
    } finally {
      running = null;
      progress.hidden = stopButton.hidden = true;
      for (const control of [operator, service]) control.disabled = false;
      showSize();
      keepButton.focus();
    }
    await showKept();
    onChanged();
  });
  stopButton.addEventListener("click", () => running?.abort());
  removeButton.addEventListener("click", async () => {
    await forgetTrip();
    await showKept();
    status.textContent = say("trip_removed");
    onChanged();
  });

  if ("caches" in window) showKept();
  else box.hidden = true;
}
