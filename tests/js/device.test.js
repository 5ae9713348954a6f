// A phone enrols once, whatever is lost on the way, and knows as whom it sends.

import assert from "node:assert/strict";
import { test } from "node:test";

import { codeIn, isCode, makeDevice, makeToken } from "../../static/js/report/device.js";
import { makeSender } from "../../static/js/report/outbox.js";

/** A store of notes and reports; every call may fail, before or after it took effect. */
function makeMemory({ notes = {}, waiting = [], fault = () => null } = {}) {
  const kept = new Map(Object.entries(notes));
  const step = async (work) => {
    const when = fault();
    if (when === "before") throw new Error("the phone failed");
    const result = work();
    if (when === "after") throw new Error("the phone failed");
    return result;
  };
  return {
    kept,
    waiting: () => step(() => waiting),
    note: (key) => step(() => kept.get(key)),
    putNote: (key, value) => step(() => void kept.set(key, value)),
    changeNote: (key, change) => step(() => void kept.set(key, change(kept.get(key)))),
  };
}

/** A server that lets each code enrol one token, and knows who is signed in. */
function makeServer({ codes = {}, session = null, fault = () => null } = {}) {
  const used = new Map();
  const revoked = new Set();
  const server = {
    used,
    revoked,
    session,
    pings: [],
    isUp: true,
    async enrol({ code, token }) {
      const when = fault();
      if (when === "before" || !server.isUp) return { kind: "later" };
      const isMine = !used.has(code) || used.get(code) === token;
      if (!codes[code] || !isMine) return { kind: "refused", detail: "no such code" };
      used.set(code, token);
      if (when === "after") return { kind: "later" };
      return { kind: "enrolled", ...codes[code] };
    },
    async ping(headers) {
      server.pings.push(headers.Authorization ?? "session");
      if (fault() || !server.isUp) return { online: false };
      const token = headers.Authorization?.replace("Device ", "");
      if (!token) return { online: true, account: server.session, canReport: true };
      const code = [...used].find(([, theirs]) => theirs === token)?.[0];
      if (!code || revoked.has(token))
        return { online: true, account: null, refused: code ? "device_revoked" : "device_unknown" };
      const { device, account } = codes[code];
      return { online: true, account, canReport: true, device };
    },
  };
  return server;
}

const CODES = {
  "K7QM-4XPD": { device: "HP Siti", account: "siti" },
  "AAAA-BBBB": { device: "HP Budi", account: "budi" },
};
const enrolled = (more = {}) => ({
  token: "t1",
  name: "HP Siti",
  account: "siti",
  refused: null,
  ...more,
});
const of = (account) => ({ id: "1", account });

function phone(memory, server) {
  let made = 0;
  return makeDevice({
    store: memory,
    ping: server.ping,
    enrol: server.enrol,
    newToken: () => `t${(made += 1)}`,
  });
}

test("a code is found in the address that a QR code opens, and nothing else is", () => {
  assert.equal(codeIn("#enrol=K7QM-4XPD"), "K7QM-4XPD");
  for (const hash of ["", "#", "#enrol=", "#report", "#enrol=<script>", "#x&enrol=K7QM-4XPD"])
    assert.equal(codeIn(hash), null);
});

test("a code may be typed with or without what sets its halves apart", () => {
  for (const text of ["K7QM-4XPD", "k7qm4xpd", " K7QM 4XPD ", "K7QM–4XPD"])
    assert.ok(isCode(text), text);
  for (const text of ["", "K7QM", "K7QM-4XP", "K7QM-4XPDD", "K7QM_4XPD"])
    assert.ok(!isCode(text), text);
});

test("a token is 32 random bytes that fit a header", () => {
  const tokens = new Set(Array.from({ length: 100 }, makeToken));
  assert.equal(tokens.size, 100);
  for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}$/);
});

test("a phone enrols with its code and sends with its token", async () => {
  const memory = makeMemory();
  const device = phone(memory, makeServer({ codes: CODES }));
  await device.want("K7QM-4XPD");
  assert.equal(await device.isWanted(), true);
  const pong = await device.hear();
  assert.deepEqual([pong.account, pong.device], ["siti", "HP Siti"]);
  assert.deepEqual(device.headers(), { Authorization: "Device t1" });
  assert.equal(await device.isWanted(), false);
  assert.deepEqual((await device.state()).device, enrolled());
});

test("a code typed without a connection is kept and enrols once there is one", async () => {
  const memory = makeMemory();
  const server = makeServer({ codes: CODES });
  server.isUp = false;
  const before = phone(memory, server);
  await before.want("K7QM-4XPD");
  assert.equal((await before.hear()).online, false);
  server.isUp = true;
  // Days later, in a browser that was closed meanwhile.
  const later = phone(memory, server);
  assert.equal((await later.hear()).account, "siti");
});

for (const when of ["before", "after"]) {
  test(`a fault ${when} any step of enrolling never costs the code`, async () => {
    for (let n = 1; ; n += 1) {
      let asked = 0;
      const fault = () => {
        asked += 1;
        return asked === n ? when : null;
      };
      const memory = makeMemory({ fault });
      const server = makeServer({ codes: CODES, fault });
      // The phone falls at the fault, and the app is opened again.
      for (let visit = 0; visit < 3; visit += 1) {
        const device = phone(memory, server);
        try {
          if (!memory.kept.get("enrolment") && !memory.kept.get("device"))
            await device.want("K7QM-4XPD");
          await device.hear();
        } catch {
          // Opened again.
        }
      }
      assert.equal(memory.kept.get("enrolment") ?? null, null, `fault at ${n}`);
      assert.equal(memory.kept.get("device").account, "siti");
      assert.equal(memory.kept.get("device").token, server.used.get("K7QM-4XPD"));
      if (asked < n) break;
      assert.ok(n < 100);
    }
  });
}

test("a refused code is forgotten, with its reason, and what sent before still sends", async () => {
  const memory = makeMemory({ notes: { device: enrolled() } });
  const server = makeServer({ codes: CODES });
  server.used.set("K7QM-4XPD", "t1");
  const device = phone(memory, server);
  await device.want("ZZZZ-ZZZZ");
  assert.equal((await device.hear()).account, "siti");
  const { isWanted, answer } = await device.state();
  assert.deepEqual([isWanted, answer.detail], [false, "no such code"]);
});

test("a code entered while another is on its way is not lost", async () => {
  const memory = makeMemory();
  const server = makeServer({ codes: CODES });
  const device = phone(memory, server);
  await device.want("K7QM-4XPD");
  const { enrol } = server;
  const slow = makeDevice({
    store: memory,
    ping: server.ping,
    enrol: async (wanted) => {
      await device.want("AAAA-BBBB");
      return enrol(wanted);
    },
  });
  assert.equal((await slow.hear()).account, "siti");
  assert.equal((await device.hear()).account, "budi");
});

test("a revoked phone says so, keeps its token, and comes back when it is taken again", async () => {
  const memory = makeMemory({ notes: { device: enrolled() }, waiting: [of("siti")] });
  const server = makeServer({ codes: CODES });
  server.used.set("K7QM-4XPD", "t1");
  server.revoked.add("t1");
  const device = phone(memory, server);
  const pong = await device.hear();
  assert.deepEqual([pong.online, pong.account, pong.stopped], [true, null, "device_refused"]);
  assert.equal((await device.state()).device.refused, "device_revoked");
  server.revoked.clear();
  assert.equal((await device.hear()).account, "siti");
  assert.equal((await device.state()).device.refused, null);
});

test("whoever is signed in sends for a phone that is revoked", async () => {
  const memory = makeMemory({ notes: { device: enrolled() }, waiting: [of("siti")] });
  const server = makeServer({ codes: CODES, session: "siti" });
  const device = phone(memory, server);
  assert.equal((await device.hear()).account, "siti");
  assert.deepEqual(device.headers(), {});
});

for (const [waiting, session, sender] of [
  [[], "budi", "siti"],
  [[of("siti")], "budi", "siti"],
  [[of(null)], "budi", "siti"],
  [[of("budi"), of("siti")], "budi", "siti"],
  [[of("budi")], "budi", "budi"],
  [[of("budi")], null, "siti"],
  [[of("ana")], "budi", "siti"],
]) {
  const whose = waiting.map(({ account }) => account).join(", ") || "nobody";
  test(`with reports of ${whose} and ${session} signed in, ${sender} sends`, async () => {
    const memory = makeMemory({ notes: { device: enrolled() }, waiting });
    const server = makeServer({ codes: CODES, session });
    server.used.set("K7QM-4XPD", "t1");
    const device = phone(memory, server);
    assert.equal((await device.hear()).account, sender);
    assert.equal("Authorization" in device.headers(), sender === "siti");
  });
}

test("a phone that is not enrolled asks once, as whoever is signed in", async () => {
  const server = makeServer({ session: "budi" });
  const device = phone(makeMemory(), server);
  assert.equal((await device.hear()).account, "budi");
  assert.deepEqual(server.pings, ["session"]);
});

for (const [why, cut] of [
  ["there is no connection", (server, isCut) => (server.isUp = !isCut)],
  ["somebody is signed in and only the code was not answered", (server, isCut) => {
    const { enrol } = makeServer({ codes: CODES });
    server.enrol = isCut ? async () => ({ kind: "later" }) : enrol;
    server.ping = async () => ({ online: true, account: "budi", canReport: true });
  }],
]) {
  test(`the sender goes on trying while a code waits: ${why}`, async () => {
    const memory = makeMemory();
    const server = makeServer({ codes: CODES });
    cut(server, true);
    const device = makeDevice({
      store: memory,
      ping: (headers) => server.ping(headers),
      enrol: (wanted) => server.enrol(wanted),
    });
    await device.want("K7QM-4XPD");
    const planned = [];
    const kick = makeSender({
      store: { ...memory, settle: async () => {} },
      ping: device.hear,
      send: async () => ({ kind: "network" }),
      hasMore: device.isWanted,
      withLock: (work) => work(),
      schedule: (work, seconds) => planned.push({ work, seconds }),
      cancel: () => {},
    });
    await kick();
    assert.equal(planned.length, 1);
    cut(server, false);
    await planned.shift().work();
    assert.equal(memory.kept.get("device").name, "HP Siti");
    assert.equal(planned.length, 0);
  });
}
