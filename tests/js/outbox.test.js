// The outbox keeps its promise whatever fails: every report that was saved ends up stored
// once, or set aside with its reason, and is never forgotten in between.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BATCH, drain, inOrder, LONGEST_WAIT_S, makeSender, waitS } from "../../static/js/report/outbox.js";

const copy = (value) => JSON.parse(JSON.stringify(value));

function item(id, more = {}) {
  return {
    id,
    report: { id },
    state: "waiting",
    account: "ana",
    saved_at: `2026-11-24T00:00:${id.padStart(2, "0")}Z`,
    order: 0,
    tries: 0,
    ...more,
  };
}

/** A store whose every call may be made to fail, before or after it took effect. */
function makeMemory(items, fault = () => null) {
  const kept = new Map(items.map((each) => [each.id, copy(each)]));
  const step = async (work) => {
    const when = fault();
    if (when === "before") throw new Error("the phone failed");
    const result = work();
    if (when === "after") throw new Error("the phone failed");
    return result;
  };
  return {
    kept,
    waiting: () =>
      step(() => copy([...kept.values()].filter((each) => each.state === "waiting"))),
    settle: (changed) =>
      step(() => {
        for (const each of changed)
          if (kept.get(each.id)?.state === "waiting") kept.set(each.id, copy(each));
      }),
  };
}

/** A server that stores each id once and knows which reports it refuses. */
function makeServer({ refuses = [], breaksOn = [], fault = () => null } = {}) {
  const stored = new Map();
  let posts = 0;
  return {
    stored,
    posts: () => posts,
    async send(reports) {
      posts += 1;
      const when = fault();
      if (when === "before") return { kind: "network" };
      if (reports.some((report) => breaksOn.includes(report.id)))
        return { kind: "server", status: 500 };
      const results = reports.map((report) => {
        if (refuses.includes(report.id))
          return { id: report.id, status: 422, title: "no", errors: { found: ["?"] } };
        const isNew = !stored.has(report.id);
        stored.set(report.id, (stored.get(report.id) ?? 0) + (isNew ? 1 : 0));
        return { id: report.id, status: isNew ? 201 : 200, receipt: `R-${report.id}` };
      });
      return when === "after" ? { kind: "network" } : { kind: "results", results };
    },
  };
}

const states = (memory) =>
  Object.fromEntries([...memory.kept.values()].map((each) => [each.id, each.state]));

test("sends oldest first, in batches, and keeps the receipts", async () => {
  const items = Array.from({ length: BATCH + 5 }, (_, i) => item(String(i + 1))).reverse();
  const memory = makeMemory(items);
  const server = makeServer();
  const seen = [];
  const send = (reports) => {
    seen.push(...reports.map((report) => Number(report.id)));
    return server.send(reports);
  };
  const total = await drain({ store: memory, send, account: "ana" });
  assert.equal(total.sent, BATCH + 5);
  assert.equal(total.stopped, null);
  assert.equal(server.posts(), 2);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  for (const each of memory.kept.values()) {
    assert.equal(each.state, "sent");
    assert.equal(each.receipt, `R-${each.id}`);
  }
});

for (const kind of ["network", "signed_out", "not_allowed", "account_changed"]) {
  test(`${kind} stops the sending and keeps everything`, async () => {
    const memory = makeMemory([item("1"), item("2")]);
    const total = await drain({ store: memory, send: async () => ({ kind }), account: "ana" });
    assert.equal(total.stopped, kind);
    assert.deepEqual(states(memory), { 1: "waiting", 2: "waiting" });
  });
}

test("a refused report is set aside with its reason, the others go", async () => {
  const memory = makeMemory([item("1"), item("2"), item("3")]);
  const server = makeServer({ refuses: ["2"] });
  const total = await drain({ store: memory, send: server.send, account: "ana" });
  assert.deepEqual(total, { sent: 2, aside: 1, stopped: null, retryAfterS: null });
  assert.deepEqual(states(memory), { 1: "sent", 2: "aside", 3: "sent" });
  assert.deepEqual(memory.kept.get("2").problem, {
    status: 422,
    title: "no",
    errors: { found: ["?"] },
  });
});

test("a report at which the server breaks holds up no other", async () => {
  const memory = makeMemory([item("1"), item("2"), item("3")]);
  const server = makeServer({ breaksOn: ["1"] });
  const total = await drain({ store: memory, send: server.send, account: "ana" });
  assert.equal(total.stopped, "server");
  assert.deepEqual(states(memory), { 1: "waiting", 2: "sent", 3: "sent" });
  assert.equal(memory.kept.get("1").tries, 1);
  assert.deepEqual(inOrder([memory.kept.get("1"), item("9")]).map((i) => i.id), ["9", "1"]);
});

test("a server that is down is asked a few times and not once for each report", async () => {
  const memory = makeMemory(Array.from({ length: 30 }, (_, i) => item(String(i + 1))));
  let posts = 0;
  const send = async () => {
    posts += 1;
    return { kind: "server", status: 503, retryAfterS: 7 };
  };
  const total = await drain({ store: memory, send, account: "ana" });
  assert.equal(total.retryAfterS, 7);
  assert.ok(posts <= 4, String(posts));
  assert.ok(Object.values(states(memory)).every((state) => state === "waiting"));
});

test("too many requests ends the try at once", async () => {
  const memory = makeMemory([item("1"), item("2")]);
  let posts = 0;
  const send = async () => {
    posts += 1;
    return { kind: "server", status: 429, retryAfterS: 90 };
  };
  const total = await drain({ store: memory, send, account: "ana" });
  assert.deepEqual([total.stopped, total.retryAfterS, posts], ["server", 90, 1]);
});

test("what the server did not answer for goes on waiting", async () => {
  const memory = makeMemory([item("1"), item("2")]);
  const send = async () => ({
    kind: "results",
    results: [{ id: "2", status: 201, receipt: "R-2" }, { id: "9", status: 201 }],
  });
  const total = await drain({ store: memory, send, account: "ana" });
  assert.equal(total.stopped, "server");
  assert.deepEqual(states(memory), { 1: "waiting", 2: "sent" });
});

test("another account's reports are kept and not sent", async () => {
  const memory = makeMemory([item("1"), item("2", { account: "budi" }), item("3", { account: null })]);
  const server = makeServer();
  const senders = [];
  const send = (reports, by) => {
    senders.push(by);
    return server.send(reports);
  };
  const total = await drain({ store: memory, send, account: "ana" });
  assert.deepEqual(senders, ["ana"]);
  assert.equal(total.stopped, "other_account");
  assert.deepEqual([...server.stored.keys()].sort(), ["1", "3"]);
  assert.equal(memory.kept.get("2").state, "waiting");
});

test("whoever sent a report is its account from then on", async () => {
  const memory = makeMemory([item("1", { account: null })]);
  const server = makeServer();
  await drain({ store: memory, send: server.send, account: "ana" });
  assert.equal(memory.kept.get("1").account, "ana");
});

test("waiting grows, is shaken, and never passes five minutes", () => {
  assert.ok(waitS(0, 1) < waitS(3, 1));
  assert.ok(waitS(3, 0) < waitS(3, 1));
  for (const failures of [0, 1, 5, 50, 5000])
    for (const random of [0, 0.5, 1]) {
      const wait = waitS(failures, random);
      assert.ok(wait > 0 && wait <= LONGEST_WAIT_S);
    }
  assert.equal(waitS(0, 0, 60), 60);
  assert.equal(waitS(0, 0, 1e9), LONGEST_WAIT_S);
});

// --- a fault at every await -----------------------------------------------------------

/** Fail at the nth question, in the given way; count the questions. */
function failAt(n, when) {
  const counter = { asked: 0 };
  const fault = () => {
    counter.asked += 1;
    return counter.asked === n ? when : null;
  };
  return { counter, fault };
}

async function runUntilQuiet({ memory, server, fault }) {
  const planned = [];
  const step = async (result) => {
    const when = fault();
    if (when) throw new Error("failed");
    return result;
  };
  const kick = makeSender({
    store: memory,
    ping: () => step({ online: true, account: "ana", canReport: true }),
    send: server.send,
    sendPhotos: () => step({ stopped: null }),
    withLock: async (work) => {
      await step();
      return work();
    },
    schedule: (work, seconds) => planned.push({ work, seconds }),
    cancel: () => {},
    random: () => 0.5,
  });
  await kick();
  for (let tries = 0; planned.length > 0 && tries < 50; tries += 1) {
    const { work, seconds } = planned.shift();
    assert.ok(seconds > 0 && seconds <= LONGEST_WAIT_S);
    await work();
  }
  assert.equal(planned.length, 0, "the sender came to rest");
}

for (const when of ["before", "after"]) {
  test(`a fault ${when} any step loses nothing and doubles nothing`, async () => {
    for (let n = 1; ; n += 1) {
      const { counter, fault } = failAt(n, when);
      const items = Array.from({ length: 45 }, (_, i) => item(String(i + 1)));
      const memory = makeMemory(items, fault);
      const server = makeServer({ refuses: ["7"], breaksOn: [], fault });
      await runUntilQuiet({ memory, server, fault });
      assert.equal(memory.kept.size, 45);
      for (const each of memory.kept.values())
        assert.equal(each.state, each.id === "7" ? "aside" : "sent", `fault at ${n}`);
      assert.equal(server.stored.size, 44);
      assert.ok([...server.stored.values()].every((count) => count === 1));
      if (counter.asked < n) break; // no step left to fail
      assert.ok(n < 200);
    }
  });
}

test("random faults all along: what was saved is what is stored", async () => {
  // A small generator, so that a failure can be repeated by its seed.
  for (let seed = 1; seed <= 200; seed += 1) {
    let state = seed;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const fault = () => (random() < 0.25 ? (random() < 0.5 ? "before" : "after") : null);
    const memory = makeMemory(
      Array.from({ length: 1 + Math.floor(random() * 60) }, (_, i) => item(String(i + 1))),
      fault,
    );
    const server = makeServer({ fault });
    await runUntilQuiet({ memory, server, fault });
    assert.deepEqual(
      [...server.stored.keys()].sort(),
      [...memory.kept.keys()].sort(),
      `seed ${seed}`,
    );
    assert.ok([...memory.kept.values()].every((each) => each.state === "sent"));
  }
});

test("a kick while it sends is not lost", async () => {
  const memory = makeMemory([item("1")]);
  const server = makeServer();
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  let pings = 0;
  const kick = makeSender({
    store: memory,
    ping: async () => {
      pings += 1;
      if (pings === 1) await gate;
      return { online: true, account: "ana", canReport: true };
    },
    send: server.send,
    withLock: (work) => work(),
    schedule: () => 1,
    cancel: () => {},
  });
  const first = kick();
  memory.kept.set("2", item("2"));
  const second = kick();
  release();
  await Promise.all([first, second]);
  assert.equal(pings, 2);
  assert.deepEqual(states(memory), { 1: "sent", 2: "sent" });
});

test("another tab's sending is left alone", async () => {
  const memory = makeMemory([item("1")]);
  const server = makeServer();
  const told = [];
  const planned = [];
  const kick = makeSender({
    store: memory,
    ping: async () => ({ online: true, account: "ana", canReport: true }),
    send: server.send,
    withLock: async () => "busy",
    schedule: (work, seconds) => planned.push(seconds),
    cancel: () => {},
    onState: (state) => told.push(state),
  });
  await kick();
  assert.equal(server.posts(), 0);
  assert.equal(told.at(-1).isSending, false);
  assert.equal(planned.length, 1);
});
