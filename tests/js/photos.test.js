// A photo reaches every report it belongs to, whatever fails on the way, and the phone lets
// go of its bytes only after that.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST_WAIT_S, makeSender } from "../../static/js/report/outbox.js";
import { PIECE_BYTES, sendPhotos } from "../../static/js/report/photos.js";

const copy = (value) => structuredClone(value);

function report(id, more = {}) {
  return {
    id,
    report: { id },
    state: "sent",
    account: "ana",
    saved_at: `2026-11-24T00:00:0${id}Z`,
    order: 0,
    tries: 0,
    ...more,
  };
}

/** A photo of so many pieces, the last one short; its bytes tell it from others. */
function photo(sha256, reports, pieces = 3, more = {}) {
  const bytes = new Uint8Array((pieces - 1) * PIECE_BYTES + 100).fill(sha256.charCodeAt(0));
  return {
    sha256,
    size: bytes.length,
    told: { position: null, takenAt: null },
    reports,
    done: [],
    state: "waiting",
    saved_at: `2026-11-24T00:00:00${sha256}`,
    tries: 0,
    bytes,
    ...more,
  };
}

/** The phone's store; every call may fail, before or after it took effect. */
function makeMemory(items, photos, fault = () => null) {
  const reports = new Map(items.map((each) => [each.id, copy(each)]));
  const contents = new Map(photos.map(({ sha256, bytes }) => [sha256, bytes]));
  const kept = new Map(photos.map(({ bytes, ...rest }) => [rest.sha256, copy(rest)]));
  const step = async (work) => {
    const when = fault();
    if (when === "before") throw new Error("the phone failed");
    const result = work();
    if (when === "after") throw new Error("the phone failed");
    return result;
  };
  const waitingOf = (map) => copy([...map.values()].filter((each) => each.state === "waiting"));
  return {
    reports,
    kept,
    contents,
    all: () => step(() => copy([...reports.values()])),
    waiting: () => step(() => waitingOf(reports)),
    settle: (changed) =>
      step(() => {
        for (const each of changed) reports.set(each.id, copy(each));
      }),
    photosWaiting: () => step(() => waitingOf(kept)),
    photoBytes: (sha256) => step(() => contents.get(sha256)),
    changePhoto: (sha256, change) =>
      step(() => {
        const next = change(copy(kept.get(sha256)));
        kept.set(sha256, copy(next));
        if (next.state === "sent") contents.delete(sha256);
      }),
  };
}

/** A server as ours is: what is there counts, and nothing else. */
function makeServer({ refuses = [], breaksOn = [], fault = () => null } = {}) {
  const photos = new Map();
  const links = new Set();
  const stored = new Set();
  const log = [];
  return {
    photos,
    links,
    stored,
    log,
    async send(reports) {
      const when = fault();
      if (when === "before") return { kind: "network" };
      for (const each of reports) stored.add(each.id);
      if (when === "after") return { kind: "network" };
      return {
        kind: "results",
        results: reports.map(({ id }) => ({ id, status: 201, receipt: `R-${id}` })),
      };
    },
    async put({ report: id, photo: sent, first, piece }) {
      const { sha256, size } = sent;
      log.push({ id, sha256, first, length: piece?.length ?? null });
      const when = fault();
      if (when === "before") return { kind: "network" };
      if (breaksOn.includes(sha256)) return { kind: "server", status: 500 };
      if (refuses.includes(sha256))
        return { kind: "refused", problem: { status: 422, title: "no picture" } };
      links.add(`${id} ${sha256}`);
      const there = photos.get(sha256) ?? [];
      if (piece && first <= there.length) there.push(...piece.slice(there.length - first));
      photos.set(sha256, there);
      if (when === "after") return { kind: "network" };
      return there.length === size ? { kind: "kept" } : { kind: "more", received: there.length };
    },
  };
}

const states = (memory) =>
  Object.fromEntries([...memory.kept.values()].map((each) => [each.sha256, each.state]));

test("a photo goes in pieces, to the second report without its bytes", async () => {
  const memory = makeMemory([report("1"), report("2")], [photo("a", ["1", "2"])]);
  const server = makeServer();
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.deepEqual(total, { stopped: null, retryAfterS: null });
  assert.deepEqual(
    server.log.map(({ id, first, length }) => [id, first, length]),
    [
      ["1", null, null],
      ["1", 0, PIECE_BYTES],
      ["1", PIECE_BYTES, PIECE_BYTES],
      ["1", 2 * PIECE_BYTES, 100],
      ["2", null, null],
    ],
  );
  assert.deepEqual([...server.links], ["1 a", "2 a"]);
  assert.deepEqual(states(memory), { a: "sent" });
  assert.equal(memory.contents.size, 0);
});

test("what is there already is not sent again", async () => {
  const memory = makeMemory([report("1")], [photo("a", ["1"])]);
  const server = makeServer();
  server.photos.set("a", Array(PIECE_BYTES + 7).fill(97));
  await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.deepEqual(
    server.log.map(({ first }) => first),
    [null, PIECE_BYTES + 7, 2 * PIECE_BYTES + 7],
  );
  assert.equal(server.photos.get("a").length, 2 * PIECE_BYTES + 100);
});

test("a photo waits for its report, and for one set aside until that is corrected", async () => {
  const items = [report("1", { state: "aside" }), report("2")];
  const memory = makeMemory(items, [photo("a", ["1", "2"])]);
  const server = makeServer();
  const send = () => sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal((await send()).stopped, null);
  assert.deepEqual([...server.links], ["2 a"]);
  assert.deepEqual(states(memory), { a: "waiting" });
  assert.equal(memory.contents.size, 1);
  // As the store does when a report is corrected: a new id in place of the old one.
  memory.reports.delete("1");
  memory.reports.set("3", report("3"));
  memory.kept.get("a").reports = ["2", "3"];
  server.log.length = 0;
  await send();
  assert.deepEqual([...server.links], ["2 a", "3 a"]);
  // The report that has it is not asked about again.
  assert.deepEqual(server.log.map(({ id, length }) => [id, length]), [["3", null]]);
  assert.deepEqual(states(memory), { a: "sent" });
});

test("a refused photo is set aside with its reason, the others go", async () => {
  const items = [report("1"), report("2")];
  const memory = makeMemory(items, [photo("a", ["1"]), photo("b", ["2"])]);
  const server = makeServer({ refuses: ["a"] });
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal(total.stopped, null);
  assert.deepEqual(states(memory), { a: "aside", b: "sent" });
  assert.equal(memory.kept.get("a").problem.title, "no picture");
  assert.deepEqual([...memory.contents.keys()], ["a"]);
  assert.equal(memory.reports.get("1").state, "sent");
});

test("a photo at which the server breaks holds up no other", async () => {
  const items = [report("1"), report("2")];
  const memory = makeMemory(items, [photo("a", ["1"]), photo("b", ["2"])]);
  const server = makeServer({ breaksOn: ["a"] });
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal(total.stopped, "server");
  assert.deepEqual(states(memory), { a: "waiting", b: "sent" });
  assert.equal(memory.kept.get("a").tries, 1);
});

test("a server that is down is asked a few times and not once for each photo", async () => {
  const ids = ["1", "2", "3", "4", "5", "6"];
  const photos = ids.map((id) => photo(`p${id}`, [id]));
  const memory = makeMemory(ids.map((id) => report(id)), photos);
  const server = makeServer({ breaksOn: photos.map(({ sha256 }) => sha256) });
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal(total.stopped, "server");
  assert.equal(server.log.length, 2);
});

for (const status of [429, 503, 507])
  test(`${status} ends the try at once and says when to come back`, async () => {
    const items = [report("1"), report("2")];
    const memory = makeMemory(items, [photo("a", ["1"]), photo("b", ["2"])]);
    let puts = 0;
    const put = async () => {
      puts += 1;
      return { kind: "server", status, retryAfterS: 90 };
    };
    const total = await sendPhotos({ store: memory, put, account: "ana" });
    assert.deepEqual([total.stopped, total.retryAfterS, puts], ["server", 90, 1]);
    assert.deepEqual(states(memory), { a: "waiting", b: "waiting" });
  });

for (const kind of ["network", "signed_out", "not_allowed"])
  test(`${kind} stops the sending and keeps the photo`, async () => {
    const memory = makeMemory([report("1")], [photo("a", ["1"])]);
    const total = await sendPhotos({ store: memory, put: async () => ({ kind }), account: "ana" });
    assert.equal(total.stopped, kind);
    assert.deepEqual(states(memory), { a: "waiting" });
    assert.equal(memory.contents.size, 1);
  });

test("a server that takes pieces and keeps none is not fed for ever", async () => {
  const memory = makeMemory([report("1")], [photo("a", ["1"])]);
  let puts = 0;
  const put = async () => {
    puts += 1;
    return { kind: "more", received: 0 };
  };
  const total = await sendPhotos({ store: memory, put, account: "ana" });
  assert.equal(total.stopped, "server");
  assert.ok(puts < 6, String(puts));
});

test("another account's photo is kept and not sent", async () => {
  const items = [report("1", { account: "budi" })];
  const memory = makeMemory(items, [photo("a", ["1"])]);
  const server = makeServer();
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal(total.stopped, "other_account");
  assert.equal(server.log.length, 0);
});

test("another account's report that waits holds up no photo", async () => {
  const items = [report("1"), report("2", { account: "budi", state: "waiting" })];
  const memory = makeMemory(items, [photo("a", ["1"])]);
  const server = makeServer();
  const total = await sendPhotos({ store: memory, put: server.put, account: "ana" });
  assert.equal(total.stopped, null);
  assert.deepEqual(states(memory), { a: "sent" });
});

test("what the server says of when to come back counts for photos too", async () => {
  const memory = makeMemory([report("1")], [photo("a", ["1"])]);
  const planned = [];
  const kick = makeSender({
    store: memory,
    ping: async () => ({ online: true, account: "ana", canReport: true }),
    send: makeServer().send,
    sendPhotos: (account) =>
      sendPhotos({
        store: memory,
        account,
        put: async () => ({ kind: "server", status: 503, retryAfterS: 77 }),
      }),
    withLock: (work) => work(),
    schedule: (_work, seconds) => planned.push(seconds),
    cancel: () => {},
  });
  await kick();
  assert.deepEqual(planned, [77]);
});

test("a report saved while a photo is on its way goes before the photo's next piece", async () => {
  const memory = makeMemory([report("1")], [photo("a", ["1"], 4)]);
  const server = makeServer();
  const order = [];
  const kick = makeSender({
    store: memory,
    ping: async () => ({ online: true, account: "ana", canReport: true }),
    send: (reports) => {
      order.push(...reports.map(({ id }) => `report ${id}`));
      return server.send(reports);
    },
    sendPhotos: (account) =>
      sendPhotos({
        store: memory,
        account,
        put: (what) => {
          order.push(`piece ${what.first}`);
          if (what.first === 0) memory.reports.set("2", report("2", { state: "waiting" }));
          return server.put(what);
        },
      }),
    withLock: (work) => work(),
    schedule: () => assert.fail("nothing is left to be tried again"),
    cancel: () => {},
  });
  await kick();
  assert.deepEqual(order, [
    "piece null",
    "piece 0",
    "report 2",
    "piece null",
    ...[1, 2, 3].map((n) => `piece ${n * PIECE_BYTES}`),
  ]);
  assert.deepEqual(states(memory), { a: "sent" });
});

// --- a fault at every await -----------------------------------------------------------

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
    if (fault()) throw new Error("failed");
    return result;
  };
  const kick = makeSender({
    store: memory,
    ping: () => step({ online: true, account: "ana", canReport: true }),
    send: server.send,
    sendPhotos: (account) => sendPhotos({ store: memory, put: server.put, account }),
    withLock: async (work) => {
      await step();
      return work();
    },
    schedule: (work, seconds) => planned.push({ work, seconds }),
    cancel: () => {},
    random: () => 0.5,
  });
  await kick();
  for (let tries = 0; planned.length > 0 && tries < 100; tries += 1) {
    const { work, seconds } = planned.shift();
    assert.ok(seconds > 0 && seconds <= LONGEST_WAIT_S);
    await work();
  }
  assert.equal(planned.length, 0, "the sender came to rest");
}

/** Three visits, one of two reports; one photo that will be refused. */
function aTrip(fault) {
  const waiting = ["1", "2", "3", "4"].map((id) => report(id, { state: "waiting" }));
  const photos = [photo("a", ["1", "2"], 4), photo("b", ["3"], 2), photo("c", ["4"], 1)];
  return {
    memory: makeMemory(waiting, photos, fault),
    server: makeServer({ refuses: ["b"], fault }),
    sizes: new Map(photos.map(({ sha256, size }) => [sha256, size])),
  };
}

function expectAllThere({ memory, server, sizes }, what) {
  assert.deepEqual(states(memory), { a: "sent", b: "aside", c: "sent" }, what);
  assert.deepEqual([...server.links].sort(), ["1 a", "2 a", "4 c"], what);
  for (const sha256 of ["a", "c"]) {
    const there = server.photos.get(sha256);
    assert.equal(there.length, sizes.get(sha256), what);
    assert.ok(there.every((byte) => byte === sha256.charCodeAt(0)), what);
  }
  assert.deepEqual([...memory.contents.keys()], ["b"], what);
  assert.equal(server.stored.size, 4, what);
  assert.ok([...memory.reports.values()].every((each) => each.state === "sent"), what);
}

for (const when of ["before", "after"]) {
  test(`a fault ${when} any step loses no photo and sends no byte twice for long`, async () => {
    for (let n = 1; ; n += 1) {
      const { counter, fault } = failAt(n, when);
      const trip = aTrip(fault);
      await runUntilQuiet({ ...trip, fault });
      expectAllThere(trip, `fault at ${n}`);
      const bytes = trip.server.log.reduce((sum, { length }) => sum + (length ?? 0), 0);
      const needed = trip.sizes.get("a") + trip.sizes.get("c");
      assert.ok(bytes <= needed + PIECE_BYTES, `fault at ${n}: ${bytes} bytes`);
      if (counter.asked < n) break; // no step left to fail
      assert.ok(n < 200);
    }
  });
}

test("random faults all along: every photo reaches its reports", async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    let state = seed;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const fault = () => (random() < 0.15 ? (random() < 0.5 ? "before" : "after") : null);
    const trip = aTrip(fault);
    await runUntilQuiet({ ...trip, fault });
    expectAllThere(trip, `seed ${seed}`);
  }
});
