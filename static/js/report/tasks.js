// Where the office wants a measurement: kept on the phone, so that they are there where
// there is no network. Nothing here knows a page: store and requests are handed in.

import { distanceM } from "./position.js";

const AT_MOST_EVERY_S = 60;

const noteOf = (account) => `tasks:${account}`;

/** Where to go from *here* to *there*: 0 north, 1 north-east … 7 north-west. */
export function directionOf(here, there) {
  const east = (there.lon - here.lon) * Math.cos(((here.lat + there.lat) * Math.PI) / 360);
  const turn = Math.atan2(east, there.lat - here.lat) / (Math.PI / 4);
  return (Math.round(turn) + 8) % 8;
}

/** Whether a report that still waits on this phone answers *task*. */
export const isMeasured = (task, items, withinM) =>
  items.some(
    ({ state, report }) =>
      state === "waiting" &&
      task.operators.includes(report.operator) &&
      Date.parse(report.observed_at) >= Date.parse(task.created_at) &&
      distanceM(report, task) <= withinM,
  );

/**
 * The tasks as they are shown: open ones first, by distance where the place is known, else
 * one's own first as the office sends them; then those that have ended.
 */
export function inOrder(tasks, where) {
  const open = tasks.filter(({ state }) => state === "open");
  if (where) open.sort((a, b) => distanceM(where, a) - distanceM(where, b));
  return [...open, ...tasks.filter(({ state }) => state !== "open")];
}

/**
 * Keep the office's tasks.
 *
 * `get()` answers what the API says, or null when it could not. `scope()` tells apart an
 * enrolled phone from a person signed in. Returns `{ sync(account), kept(account) }`; `sync`
 * resolves when done and never rejects.
 */
export function makeTasks({
  store,
  get,
  scope = () => "",
  onChanged = () => {},
  now = Date.now,
}) {
  let running = null;
  let synced = { account: null, at: -Infinity };

  async function kept(account) {
    const note = account ? await store.note(noteOf(account)) : null;
    return note ?? { tasks: [], withinM: 0, takenAt: null };
  }

  async function run(account) {
    try {
      const before = await kept(account);
      const isAwaited = before.tasks.some(({ state, isSent }) => state === "open" && isSent);
      const isFresh =
        synced.account === account + scope() && now() - synced.at < AT_MOST_EVERY_S * 1000;
      if (isFresh && !isAwaited) return;
      const answer = await get();
      if (!Array.isArray(answer?.tasks) || !Number.isFinite(answer.done_within_m)) return;
      await store.putNote(noteOf(account), {
        tasks: answer.tasks,
        withinM: answer.done_within_m,
        takenAt: new Date(now()).toISOString(),
      });
      synced = { account: account + scope(), at: now() };
      onChanged();
    } catch {
      // The phone's memory failed; they are asked for again the next time.
    }
  }

  return {
    kept,
    sync(account) {
      running ??= run(account).finally(() => {
        running = null;
      });
      return running;
    },
    /** Remember that reports which answer these tasks are on their way: ask anew. */
    async noteMeasured(account, ids) {
      if (!account || ids.length === 0) return;
      await store.changeNote(noteOf(account), (note) =>
        note
          ? {
              ...note,
              tasks: note.tasks.map((task) =>
                ids.includes(task.id) ? { ...task, isSent: true } : task,
              ),
            }
          : note,
      );
    },
  };
}
