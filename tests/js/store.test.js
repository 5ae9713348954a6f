// The phone's memory: all or none, kept whole through new versions, and one sender at a
// time also where the browser has no locks.

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";

globalThis.window = globalThis;
const { makeSender } = await import("../../static/js/report/outbox.js");
const { makeLock, makeStore, NAME, upgrade, VERSION } = await import(
  "../../static/js/report/store.js"
);

const item = (id, more = {}) => ({
  id,
  report: { id, note: "di atas bukit" },
  state: "waiting",
  account: null,
  saved_at: "2026-11-24T00:00:00.000Z",
  order: 0,
  tries: 0,
  ...more,
});

const finished = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Let the write after the next *after* ones fail, as on a full phone, while *work* runs. */
async function onAFullPhone(after, work) {
  const real = {};
  let left = after;
  for (const name of ["add", "put"]) {
    real[name] = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function write(...values) {
      if (left === 0) throw new DOMException("full", "QuotaExceededError");
      left -= 1;
      return real[name].apply(this, values);
    };
  }
  try {
    return await work();
  } finally {
    Object.assign(IDBObjectStore.prototype, real);
  }
}

for (let version = 1; version < VERSION; version += 1) {
  test(`a full queue of version ${version} is there in version ${VERSION}`, async () => {
    const factory = new IDBFactory();
    const request = factory.open(NAME, version);
    request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion, version);
    const db = await finished(request);
    const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
    const reports = db.transaction("reports", "readwrite").objectStore("reports");
    for (const id of ids) await finished(reports.add(item(id)));
    await finished(reports.add(item("sent", { state: "sent", receipt: "AB12-CD34" })));
    db.close();

    const store = makeStore(factory);
    assert.deepEqual((await store.waiting()).map(({ id }) => id).sort(), ids.sort());
    assert.deepEqual(await store.waiting().then(([first]) => first), item(ids[0]));
    assert.equal((await store.all()).find(({ id }) => id === "sent").receipt, "AB12-CD34");
    await store.putNote("account", "ana");
    assert.equal(await store.note("account"), "ana");
    assert.deepEqual(await store.photosWaiting(), []);
  });
}

test("a new database and one that came through every version are alike", async () => {
  const shape = async (factory) => {
    const db = await finished(factory.open(NAME));
    const names = [...db.objectStoreNames];
    const stores = db.transaction(names).objectStore.bind(db.transaction(names));
    return names.map((name) => [name, stores(name).keyPath, [...stores(name).indexNames]]);
  };
  const [fresh, grown] = [new IDBFactory(), new IDBFactory()];
  await makeStore(fresh).all();
  for (let version = 1; version <= VERSION; version += 1) {
    const request = grown.open(NAME, version);
    request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion, version);
    (await finished(request)).close();
  }
  assert.deepEqual(await shape(grown), await shape(fresh));
});

test("an old tab lets a newer version through and loses nothing", async () => {
  const factory = new IDBFactory();
  const old = makeStore(factory);
  await old.save([item("1"), item("2")]);
  const request = factory.open(NAME, VERSION + 1);
  request.onupgradeneeded = () => request.result.createObjectStore("newer");
  const db = await finished(request);
  assert.equal(await finished(db.transaction("reports").objectStore("reports").count()), 2);
  // The old tab says that it cannot keep anything more, rather than to pretend.
  await assert.rejects(old.save([item("3")]), { name: "VersionError" });
});

test("one visit is kept whole or not at all, and the phone says which", async () => {
  const store = makeStore(new IDBFactory());
  await store.save([item("0")]);
  for (const after of [0, 1, 2]) {
    await assert.rejects(
      onAFullPhone(after, () => store.save([item("1"), item("2"), item("3")])),
      { name: "QuotaExceededError" },
    );
    assert.deepEqual((await store.all()).map(({ id }) => id), ["0"]);
  }
  await assert.rejects(store.save([item("4"), item("0")]), { name: "ConstraintError" });
  assert.deepEqual((await store.all()).map(({ id }) => id), ["0"]);
});

test("a correction takes the place of what was set aside, or nothing changes", async () => {
  const store = makeStore(new IDBFactory());
  await store.save([item("1", { state: "aside" })]);
  await assert.rejects(onAFullPhone(0, () => store.replace("1", [item("2")])));
  assert.deepEqual((await store.all()).map(({ id, state }) => [id, state]), [["1", "aside"]]);
  await store.replace("1", [item("2")]);
  assert.deepEqual((await store.all()).map(({ id, state }) => [id, state]), [["2", "waiting"]]);
});

test("what was settled meanwhile stays as it is", async () => {
  const store = makeStore(new IDBFactory());
  await store.save([item("1"), item("2")]);
  await store.settle([item("1", { state: "sent", receipt: "AB12-CD34" })]);
  await store.settle([item("1", { tries: 1 }), item("2", { tries: 1 }), item("3")]);
  assert.deepEqual(
    (await store.all()).map(({ id, state, tries }) => [id, state, tries]),
    [
      ["1", "sent", 0],
      ["2", "waiting", 1],
    ],
  );
});

test("a database that was closed is opened again", async () => {
  const factory = new IDBFactory();
  const store = makeStore(factory);
  await store.save([item("1")]);
  const request = factory.deleteDatabase(NAME);
  await finished(request);
  await store.save([item("2")]);
  assert.deepEqual((await store.all()).map(({ id }) => id), ["2"]);
});

// --- the lease, where there are no locks ----------------------------------------------

function leases(now) {
  const factory = new IDBFactory();
  return () => makeLock(makeStore(factory), { locks: null, now });
}

test("while one tab sends, another is told that it is busy", async () => {
  const makeTab = leases(() => 0);
  const [first, second] = [makeTab(), makeTab()];
  let release;
  const sending = first(() => new Promise((resolve) => {
    release = resolve;
  }));
  while (!release) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await second(() => "sent"), "busy");
  release("done");
  assert.equal(await sending, "done");
  assert.equal(await second(() => "sent"), "sent");
});

test("the lease of a tab that died runs out by itself", async () => {
  let now = 0;
  const makeTab = leases(() => now);
  const [dead, alive] = [makeTab(), makeTab()];
  void dead(() => new Promise(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await alive(() => "sent"), "busy");
  now += 121_000;
  assert.equal(await alive(() => "sent"), "sent");
});

test("a sending that fails gives the lease back", async () => {
  const makeTab = leases(() => 0);
  const [first, second] = [makeTab(), makeTab()];
  await assert.rejects(
    first(() => {
      throw new Error("broken");
    }),
    /broken/,
  );
  assert.equal(await second(() => "sent"), "sent");
});

// --- a fault at every write, with the real memory ----------------------------------------

test("a full phone at any write loses nothing and doubles nothing", async () => {
  for (let after = 0; after < 30; after += 1) {
    const factory = new IDBFactory();
    const store = makeStore(factory);
    const ids = Array.from({ length: 25 }, (_, i) => String(i).padStart(2, "0"));
    await store.save(ids.map((id, order) => item(id, { order })));
    const stored = new Map();
    const planned = [];
    const kick = makeSender({
      store,
      ping: async () => ({ online: true, account: "ana", canReport: true }),
      async send(reports) {
        const results = reports.map(({ id }) => {
          const status = stored.has(id) ? 200 : 201;
          stored.set(id, `R-${id}`);
          return { id, status, receipt: stored.get(id) };
        });
        return { kind: "results", results };
      },
      withLock: makeLock(store, { locks: null, now: () => 0 }),
      schedule: (work) => planned.push(work),
      cancel: () => {},
      random: () => 0.5,
    });
    await onAFullPhone(after, kick);
    // Room was made; the lease of the failed try may have to be given back first.
    for (let tries = 0; planned.length > 0 && tries < 5; tries += 1) await planned.shift()();
    const items = await store.all();
    assert.deepEqual(items.map(({ id }) => id), ids);
    assert.deepEqual(
      items.map(({ id, state, receipt }) => [id, state, receipt]),
      ids.map((id) => [id, "sent", stored.get(id)]),
      `full after ${after} writes`,
    );
  }
});
