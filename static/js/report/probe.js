// How fast the internet is that the phone uses now: measured against this server, only
// when asked for, and with less than 1 MB.

const LATENCY_ROUNDS = 5;
// Together 840 kB. A larger piece follows only where the one before was through at once,
// so that a bar of GPRS is measured with the smallest and pays for no more.
const DOWNLOADS = [20_000, 100_000, 400_000];
const UPLOADS = [10_000, 60_000, 250_000];
const AT_ONCE_MS = 2_000;
const TIMEOUT_MS = 30_000;

export class ProbeError extends Error {
  /** *reason*: "cancelled", "network", "signed_out" or "too_often". */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Two digits say all that one measurement knows. */
export const rounded = (value) => Number(value.toPrecision(value < 100 ? 2 : 3));

function randomBytes(count) {
  const bytes = new Uint8Array(count);
  // The browser gives at most this much at a time.
  for (let at = 0; at < count; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, count)));
  return bytes;
}

/**
 * Measure; resolve with `{ latency_ms, download_mbps, upload_mbps }`, a rate null where
 * even the smallest piece did not get through in time. Rejects with a ProbeError.
 *
 * *headers()* are those of the account; *onStep("latency" | "download" | "upload")*.
 */
export async function measure({
  url,
  headers,
  signal,
  onStep = () => {},
  fetch = window.fetch.bind(window),
  now = () => performance.now(),
  timeoutMs = TIMEOUT_MS,
}) {
  /** Ask once; `{ ms, bytes, isWhole }`, what had come when the time was up. */
  async function ask(options, query = "") {
    const abort = new AbortController();
    const stop = () => abort.abort();
    const timer = setTimeout(stop, timeoutMs);
    signal?.addEventListener("abort", stop);
    const begun = now();
    let bytes = 0;
    try {
      const response = await fetch(`${url}${query}`, {
        cache: "no-store",
        headers: headers(),
        signal: abort.signal,
        ...options,
      });
      if (response.status === 429) throw new ProbeError("too_often");
      if (!response.ok)
        throw new ProbeError([401, 403].includes(response.status) ? "signed_out" : "network");
      const reader = response.body?.getReader();
      for (let part = await reader?.read(); part && !part.done; part = await reader.read())
        bytes += part.value.length;
      return { ms: now() - begun, bytes, isWhole: true };
    } catch (error) {
      if (signal?.aborted) throw new ProbeError("cancelled");
      if (error instanceof ProbeError) throw error;
      if (!abort.signal.aborted) throw new ProbeError("network");
      return { ms: now() - begun, bytes, isWhole: false };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  if (signal?.aborted) throw new ProbeError("cancelled");
  onStep("latency");
  const rounds = [];
  // The first opens the connection and counts for nothing.
  for (let round = 0; round <= LATENCY_ROUNDS; round += 1) {
    const { ms, isWhole } = await ask({}, "?bytes=0");
    if (!isWhole) throw new ProbeError("network");
    if (round > 0) rounds.push(ms);
  }
  const latencyMs = median(rounds);
  // The way there and back is no time of the bytes; on a fast line it is most of it, and
  // then little is known.
  const mbps = (bytes, ms) =>
    rounded((bytes * 8) / 1000 / Math.max(ms - latencyMs, ms / 2, 0.1));

  onStep("download");
  let download = null;
  for (const size of DOWNLOADS) {
    const { ms, bytes, isWhole } = await ask({}, `?bytes=${size}`);
    if (bytes > 0) download = mbps(bytes, ms);
    if (!isWhole || ms > AT_ONCE_MS) break;
  }

  onStep("upload");
  let upload = null;
  for (const size of UPLOADS) {
    const { ms, isWhole } = await ask({
      method: "POST",
      headers: { ...headers(), "Content-Type": "application/octet-stream" },
      body: randomBytes(size),
    });
    if (!isWhole) break;
    upload = mbps(size, ms);
    if (ms > AT_ONCE_MS) break;
  }
  return { latency_ms: rounded(latencyMs), download_mbps: download, upload_mbps: upload };
}

const RATES = ["latency_ms", "download_mbps", "upload_mbps"];
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/**
 * Run the form's step "Measure the internet". `name(operator)` is an operator's name.
 *
 * Returns `{ offer(operators), ratesOf(operator), use(operator, report), forget() }`.
 */
export function makeProbe({ say, language, url, headers, name }) {
  const box = one("[data-probe]");
  const askButton = one("[data-probe-ask]", box);
  const panel = one("[data-probe-panel]", box);
  const startButton = one("[data-probe-start]", box);
  const stopButton = one("[data-probe-stop]", box);
  const status = one("[data-probe-text]", box);
  const list = one("[data-probe-results]", box);
  const measured = new Map();
  let offered = [];
  let running = null;

  const inputs = () => all("input", panel);
  const number = (value) => value.toLocaleString(language, { maximumSignificantDigits: 3 });
  const rate = (value) => (value === null ? say("probe_none") : number(value));

  function showResults() {
    list.replaceChildren(
      ...[...measured].map(([operator, rates]) =>
        Object.assign(document.createElement("li"), {
          textContent: say("probe_result", {
            operator: name(operator),
            download: rate(rates.download_mbps),
            upload: rate(rates.upload_mbps),
            latency: rate(rates.latency_ms),
          }),
        }),
      ),
    );
    list.hidden = measured.size === 0;
  }

  function close() {
    panel.hidden = true;
    askButton.hidden = false;
    askButton.setAttribute("aria-expanded", "false");
  }

  function offer(operators) {
    offered = operators;
    box.hidden = operators.length === 0;
    // What was measured belongs to an answer; without that it says nothing.
    for (const operator of measured.keys())
      if (!operators.includes(operator)) measured.delete(operator);
    for (const input of inputs()) {
      input.closest("label").hidden = !operators.includes(input.value);
      if (!operators.includes(input.value)) input.checked = false;
    }
    showResults();
  }

  askButton.addEventListener("click", () => {
    panel.hidden = false;
    askButton.hidden = true;
    askButton.setAttribute("aria-expanded", "true");
    status.textContent = "";
    if (offered.length === 1) inputs().find(({ value }) => value === offered[0]).checked = true;
    inputs()
      .find(({ value }) => offered.includes(value))
      .focus();
  });

  startButton.addEventListener("click", async () => {
    const operator = inputs().find((input) => input.checked)?.value;
    if (!operator) {
      status.textContent = say("probe_which");
      return;
    }
    if (navigator.connection?.type === "wifi") {
      status.textContent = say("probe_wifi");
      return;
    }
    const mine = new AbortController();
    running = mine;
    const { signal } = mine;
    startButton.disabled = true;
    try {
      const rates = await measure({
        url,
        headers,
        signal,
        onStep: (step) => {
          status.textContent = say(`probe_${step}`);
        },
      });
      if (running !== mine) return;
      if (offered.includes(operator)) measured.set(operator, rates);
      status.textContent = say("probe_done");
      showResults();
      close();
      askButton.focus();
    } catch (error) {
      if (running === mine) status.textContent = say(`probe_${error.reason ?? "network"}`);
    } finally {
      if (running === mine) running = null;
      if (running === null) startButton.disabled = false;
    }
  });

  stopButton.addEventListener("click", () => {
    if (running) return running.abort();
    close();
    return askButton.focus();
  });

  return {
    offer,
    ratesOf: (operator) => measured.get(operator) ?? {},
    /** Keep what *report*, which is being corrected, had measured. */
    use(operator, report) {
      const rates = Object.fromEntries(RATES.map((key) => [key, report[key] ?? null]));
      if (RATES.some((key) => rates[key] !== null)) measured.set(operator, rates);
      showResults();
    },
    forget() {
      // What it would still say belongs to a form that was sent.
      running?.abort();
      running = null;
      startButton.disabled = false;
      measured.clear();
      status.textContent = "";
      close();
      showResults();
    },
  };
}
