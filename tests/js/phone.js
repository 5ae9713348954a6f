// A phone in a process of its own: outbox, store and sending as a browser has them, over a
// database in memory. A test drives it by lines of JSON, and is its network and its clock:
// tests/integration/test_outbox_against_api.py.

import { createInterface } from "node:readline";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";

globalThis.window = globalThis;
globalThis.document = { cookie: "", documentElement: { lang: "id" } };
const { makeSender } = await import("../../static/js/report/outbox.js");
const { ping, sendReports } = await import("../../static/js/report/send.js");
const { makeLock, makeStore, NAME, upgrade } = await import("../../static/js/report/store.js");

let indexedDB;
let nowMs;
let tabs; // name -> { store, kick, timers, state }
let asks; // id -> { tab, method, url, body, resolve, reject }
let asked = 0;
// Questions to the database that are not answered yet.
let open = 0;
// The writes that still succeed before one fails, or null.
let writesLeft = null;

for (const name of ["add", "put", "delete"]) {
  const real = IDBObjectStore.prototype[name];
  IDBObjectStore.prototype[name] = function write(...values) {
    if (writesLeft !== null) {
      if (writesLeft === 0) {
        writesLeft = null;
        throw new DOMException("full", "QuotaExceededError");
      }
      writesLeft -= 1;
    }
    return real.apply(this, values);
  };
}

/** Count what is asked of *object* until it is answered. */
function counted(object) {
  return new Proxy(object, {
    get: (target, name) => async (...values) => {
      open += 1;
      try {
        return await target[name](...values);
      } finally {
        open -= 1;
      }
    },
  });
}

// The page's own fetch knows no tab; each is told which one is asking.
let asking = null;
globalThis.fetch = (url, { method = "GET", body = null, headers = {} } = {}) => {
  asked += 1;
  const ask = { tab: asking, method, url, body, headers };
  return new Promise((resolve, reject) => {
    asks.set(asked, { ...ask, resolve, reject });
  });
};
const asTab = (name, work) => {
  asking = name;
  try {
    return work();
  } finally {
    asking = null;
  }
};

function openTab(name) {
  const store = counted(makeStore(indexedDB));
  const tab = { store, timers: new Map(), state: null };
  let timers = 0;
  let account = null;
  tab.kick = makeSender({
    store,
    async ping() {
      const pong = await asTab(name, () => ping("/api/v1/ping"));
      if (pong.online && pong.account !== account) {
        account = pong.account ?? account;
        await store.putNote("account", account);
      }
      return pong;
    },
    send: (reports, by) => asTab(name, () => sendReports("/api/v1/reports/", reports, by)),
    withLock: makeLock(store, { locks: null, now: () => nowMs }),
    schedule(work, seconds) {
      timers += 1;
      tab.timers.set(timers, { work, seconds });
      return timers;
    },
    cancel: (timer) => tab.timers.delete(timer),
    random: () => 0.5,
    now: () => nowMs,
    onState: (state) => {
      tab.state = state;
    },
  });
  tabs.set(name, tab);
}

const itemOf = (report, order, more) => ({
  id: report.id,
  report,
  state: "waiting",
  saved_at: new Date(nowMs).toISOString(),
  order,
  tries: 0,
  ...more,
});

const finished = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const COMMANDS = {
  /** A new phone, with what an app of *version* has kept of *reports*. */
  async phone({ version, reports, now }) {
    indexedDB = new IDBFactory();
    nowMs = now;
    tabs = new Map();
    asks = new Map();
    writesLeft = null;
    const request = indexedDB.open(NAME, version);
    request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion, version);
    const db = await finished(request);
    const kept = db.transaction("reports", "readwrite").objectStore("reports");
    for (const [order, report] of reports.entries())
      await finished(kept.add(itemOf(report, order, { account: null })));
    db.close();
  },
  open: ({ tab }) => openTab(tab),
  /** The tab is gone, and with it whatever it was waiting for. */
  close({ tab }) {
    tabs.delete(tab);
    for (const [id, ask] of asks) if (ask.tab === tab) asks.delete(id);
  },
  async save({ tab, reports }) {
    const { store } = tabs.get(tab);
    const account = (await store.note("account")) ?? null;
    await store.save(reports.map((report, order) => itemOf(report, order, { account })));
  },
  async correct({ tab, id, report }) {
    const { store } = tabs.get(tab);
    const account = (await store.note("account")) ?? null;
    await store.replace(id, itemOf(report, 0, { account }));
  },
  discard: ({ tab, id }) => tabs.get(tab).store.discard(id),
  // Not awaited: it is over when the network has answered.
  kick: ({ tab }) => void tabs.get(tab).kick(),
  tick({ tab }) {
    const { timers } = tabs.get(tab);
    const [[id, { work, seconds }]] = timers;
    timers.delete(id);
    nowMs += seconds * 1000;
    void work();
  },
  clock({ seconds }) {
    nowMs += seconds * 1000;
  },
  fail_write({ after }) {
    writesLeft = after;
  },
  answer({ ask: id, status, headers, body, cookie }) {
    const ask = asks.get(id);
    asks.delete(id);
    document.cookie = cookie;
    ask.resolve(new Response(body, { status, headers }));
  },
  lose({ ask: id }) {
    const ask = asks.get(id);
    asks.delete(id);
    ask.reject(new TypeError("Failed to fetch"));
  },
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Wait until nothing more happens without an answer from outside. */
async function rest() {
  for (let quiet = 0; quiet < 5; quiet += 1) {
    await turn();
    if (open > 0) quiet = -1;
  }
}

async function look() {
  const request = indexedDB.open(NAME);
  const db = await finished(request);
  const items = await finished(db.transaction("reports").objectStore("reports").getAll());
  db.close();
  return {
    items,
    tabs: Object.fromEntries(
      [...tabs].map(([name, { timers, state }]) => [
        name,
        { timers: timers.size, stopped: state?.stopped ?? null },
      ]),
    ),
    asks: [...asks].map(([id, { tab, method, url, body, headers }]) => ({
      ask: id,
      tab,
      method,
      url,
      body,
      headers,
    })),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...values } = JSON.parse(line);
  let error = null;
  try {
    await COMMANDS[name](values);
  } catch (failure) {
    error = failure.name;
  }
  await rest();
  process.stdout.write(`${JSON.stringify({ error, ...(await look()) })}\n`);
}
