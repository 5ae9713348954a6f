import assert from "node:assert/strict";
import { test } from "node:test";

import { directionOf, inOrder, isMeasured, makeTasks } from "../../static/js/report/tasks.js";

function makeMemory() {
  const notes = new Map();
  return {
    notes,
    note: async (key) => structuredClone(notes.get(key)),
    putNote: async (key, value) => void notes.set(key, structuredClone(value)),
    async changeNote(key, change) {
      notes.set(key, change(notes.get(key)));
      return notes.get(key);
    },
  };
}

const task = (id, more = {}) => ({
  id,
  state: "open",
  operators: ["INDOSAT"],
  lon: 116.05,
  lat: 0,
  created_at: "2026-11-01T00:00:00Z",
  ...more,
});
const answer = (...tasks) => ({ tasks, done_within_m: 1000, has_more: false });

for (const [lon, lat, direction] of [
  [0, 1, 0],
  [1, 1, 1],
  [1, 0, 2],
  [1, -1, 3],
  [0, -1, 4],
  [-1, -1, 5],
  [-1, 0, 6],
  [-1, 1, 7],
  [0.1, 1, 0],
  [-0.1, 1, 0],
  [-0.1, -1, 4],
]) {
  test(`to ${lon}, ${lat} it is direction ${direction}`, () => {
    const here = { lon: 116, lat: 0 };
    const there = { lon: 116 + lon / 100, lat: lat / 100 };
    assert.equal(directionOf(here, there), direction);
  });
}

test("open tasks come by distance, ended ones last, without a place as they came", () => {
  const all = [task("far", { lon: 116.5 }), task("done", { state: "done" }), task("near")];
  assert.deepEqual(
    inOrder(all, { lon: 116.05, lat: 0 }).map(({ id }) => id),
    ["near", "far", "done"],
  );
  assert.deepEqual(
    inOrder(all, null).map(({ id }) => id),
    ["far", "near", "done"],
  );
});

test("a task is measured by a waiting report of its operator, near it and after it", () => {
  const report = { operator: "INDOSAT", lon: 116.05, lat: 0, observed_at: "2026-11-02T00:00:00Z" };
  const by = (changes, state = "waiting") =>
    isMeasured(task("1"), [{ state, report: { ...report, ...changes } }], 1000);
  assert.equal(by({}), true);
  assert.equal(by({}, "sent"), false);
  assert.equal(by({ operator: "TELKOMSEL" }), false);
  assert.equal(by({ lon: 116.06 }), false);
  assert.equal(by({ observed_at: "2026-10-31T00:00:00Z" }), false);
});

test("tasks are kept for whom they are, and asked for once a minute", async () => {
  const store = makeMemory();
  let asked = 0;
  const clock = { now: 0 };
  const get = async () => {
    asked += 1;
    return answer(task("1"));
  };
  const tasks = makeTasks({ store, get, now: () => clock.now });
  await tasks.sync("ana");
  await tasks.sync("ana");
  assert.equal(asked, 1);
  assert.equal((await tasks.kept("ana")).tasks.length, 1);
  assert.equal((await tasks.kept("budi")).tasks.length, 0);
  assert.equal((await tasks.kept(null)).tasks.length, 0);
  await tasks.sync("budi");
  clock.now += 61_000;
  await tasks.sync("budi");
  assert.equal(asked, 3);
});

test("a task that a report was sent for is asked about at once, and shown done", async () => {
  const store = makeMemory();
  let state = "open";
  const tasks = makeTasks({ store, get: async () => answer(task("1", { state })), now: () => 0 });
  await tasks.sync("ana");
  state = "done";
  await tasks.sync("ana");
  assert.equal((await tasks.kept("ana")).tasks[0].state, "open");
  await tasks.noteMeasured("ana", ["1"]);
  await tasks.sync("ana");
  assert.equal((await tasks.kept("ana")).tasks[0].state, "done");
});

for (const wrong of [null, {}, { tasks: "x" }, { tasks: [] }, { tasks: [], done_within_m: "1" }]) {
  test(`an answer that is not ours changes nothing: ${JSON.stringify(wrong)}`, async () => {
    const store = makeMemory();
    const tasks = makeTasks({ store, get: async () => answer(task("1")), now: () => 0 });
    await tasks.sync("ana");
    const later = makeTasks({ store, get: async () => wrong, now: () => 1e9 });
    await later.sync("ana");
    const { tasks: kept } = await later.kept("ana");
    assert.equal(kept.length, 1);
  });
}

test("a memory that fails rejects nothing", async () => {
  const store = makeMemory();
  store.putNote = async () => {
    throw new Error("full");
  };
  const tasks = makeTasks({ store, get: async () => answer(task("1")) });
  await tasks.sync("ana");
});
