// The measurement stays below 1 MB, costs a slow line little, and tells no fairy tales.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.window = globalThis;
const { measure, ProbeError, rounded } = await import("../../static/js/report/probe.js");

/** A line of *mbps* with *latencyMs* of delay, and what went over it. */
function makeLine({ mbps, latencyMs, breaksAfter = Infinity, status = 200 }) {
  let clockMs = 0;
  const line = { bytes: 0, asks: 0 };
  return {
    line,
    now: () => clockMs,
    async fetch(url, { method = "GET", body }) {
      line.asks += 1;
      if (line.asks > breaksAfter) throw new TypeError("Failed to fetch");
      const down = Number(new URL(url, "http://kukar").searchParams.get("bytes") ?? 0);
      const bytes = method === "POST" ? body.length : down;
      line.bytes += bytes;
      clockMs += latencyMs + (bytes * 8) / 1000 / mbps;
      return new Response(status === 200 ? new Uint8Array(down) : null, { status });
    },
  };
}

const run = (line, more = {}) =>
  measure({ url: "/api/v1/probe", headers: () => ({}), fetch: line.fetch, now: line.now, ...more });

for (const [name, mbps, latencyMs, mostBytes] of [
  ["GPRS", 0.04, 700, 40_000],
  ["3G", 2, 120, 900_000],
  ["4G", 30, 40, 900_000],
]) {
  test(`${name} is measured with at most ${mostBytes} bytes`, async () => {
    const line = makeLine({ mbps, latencyMs });
    const steps = [];
    const rates = await run(line, { onStep: (step) => steps.push(step) });
    assert.ok(line.line.bytes <= mostBytes, String(line.line.bytes));
    assert.deepEqual(steps, ["latency", "download", "upload"]);
    assert.equal(rates.latency_ms, rounded(latencyMs));
    for (const rate of [rates.download_mbps, rates.upload_mbps])
      assert.ok(Math.abs(rate - mbps) / mbps < 0.05, `${rate} of ${mbps}`);
  });
}

test("a line faster than its own delay is not made faster than it was seen to be", async () => {
  const line = makeLine({ mbps: 1000, latencyMs: 500 });
  const { download_mbps: download } = await run(line);
  // 400 kB came in 503 ms: at most twice what that makes.
  assert.ok(download <= 13, String(download));
});

test("a line that breaks tells why and no numbers", async () => {
  for (const breaksAfter of [0, 3, 6, 8, 11]) {
    const line = makeLine({ mbps: 2, latencyMs: 100, breaksAfter });
    await assert.rejects(run(line), (error) => error instanceof ProbeError && error.reason === "network");
  }
});

for (const [status, reason] of [[401, "signed_out"], [403, "signed_out"], [429, "too_often"], [502, "network"]]) {
  test(`the answer ${status} is told as ${reason}`, async () => {
    const line = makeLine({ mbps: 2, latencyMs: 100, status });
    await assert.rejects(run(line), { reason });
  });
}

test("cancelled is cancelled, before it begins and in the middle", async () => {
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(run(makeLine({ mbps: 2, latencyMs: 1 }), { signal: abort.signal }), {
    reason: "cancelled",
  });
  const middle = new AbortController();
  const hangs = (url, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      middle.abort();
    });
  await assert.rejects(
    measure({ url: "/probe", headers: () => ({}), fetch: hangs, signal: middle.signal }),
    { reason: "cancelled" },
  );
});

test("what does not get through in time is not measured, what came of it is", async () => {
  const line = makeLine({ mbps: 2, latencyMs: 10 });
  const fetch = async (url, options) => {
    if (options.method !== "POST") return line.fetch(url, options);
    return new Promise((resolve, reject) => {
      options.signal.addEventListener("abort", () => reject(options.signal.reason));
    });
  };
  const rates = await run({ ...line, fetch }, { timeoutMs: 20 });
  assert.equal(rates.upload_mbps, null);
  assert.ok(rates.download_mbps > 0);
});
