// Reports that wait on this phone until the server has answered for each of them.
//
// Nothing here knows a browser: the store, the sending and the clock are handed in, so
// that a test can let any of them fail at any moment.
//
// An item of the store:
//   id, report     the report as it will be sent; it never changes while it waits
//   state          "waiting", "sent" or "aside" (refused: somebody must look at it)
//   account        who saved it, or null when that was not known
//   saved_at       ISO 8601; order among those saved at once: order
//   tries          how often the server failed at this very report
//   receipt, village_name, flags, sent_at      once it is sent
//   problem        { status, title, errors } while it is set aside

export const BATCH = 20;
export const LONGEST_WAIT_S = 300;
const SHORTEST_WAIT_S = 4;
// Failures in a row, one report at a time, after which the server itself is at fault.
const GIVE_UP_AFTER = 2;

/** Oldest first, but what the server failed at does not hold up the rest. */
export function inOrder(items) {
  return [...items].sort(
    (a, b) =>
      (a.tries ?? 0) - (b.tries ?? 0) ||
      a.saved_at.localeCompare(b.saved_at) ||
      (a.order ?? 0) - (b.order ?? 0),
  );
}

/** What becomes of *item* by the server's *result* for it; null: it goes on waiting. */
export function settled(item, result, now) {
  if (result?.status === 200 || result?.status === 201) {
    return {
      ...item,
      state: "sent",
      receipt: result.receipt,
      village_name: result.village_name ?? null,
      flags: result.flags ?? [],
      sent_at: new Date(now).toISOString(),
      problem: null,
    };
  }
  if (result?.status === 409 || result?.status === 422) {
    const { status, title, errors = {} } = result;
    return { ...item, state: "aside", problem: { status, title, errors } };
  }
  return null;
}

/**
 * Send what waits for *account*, oldest first.
 *
 * `store`: `waiting()`, `settle(items)` (replaces them by id, all or none).
 * `send(reports, account)` answers `{ kind: "results", results }`, or why there are none:
 * "network", "signed_out", "device_refused", "not_allowed", "account_changed", "too_large"
 * or "server" (with `retryAfterS` if told).
 *
 * Returns `{ sent, aside, stopped, retryAfterS }`; `stopped` is null when nothing of this
 * account's waits any more.
 */
export async function drain({ store, send, account, now = Date.now, onBatch = () => {} }) {
  const total = { sent: 0, aside: 0, stopped: null, retryAfterS: null };
  const done = new Set();
  let size = BATCH;
  let failures = 0;
  for (;;) {
    const left = (await store.waiting()).filter((item) => !done.has(item.id));
    const mine = inOrder(left).filter((item) => !item.account || item.account === account);
    if (mine.length === 0) {
      if (left.length > 0) total.stopped ??= "other_account";
      return total;
    }
    const batch = mine.slice(0, size).map((item) => ({ ...item, account }));
    // Whoever sends what was saved by nobody known is its author from here on: the answer
    // may be lost, and the next to sign in may be another.
    if (mine.slice(0, size).some((item) => !item.account)) await store.settle(batch);
    await onBatch(mine.length);
    const answer = await send(
      batch.map((item) => item.report),
      account,
    );
    if (answer.kind === "server" || answer.kind === "too_large") {
      total.retryAfterS = answer.retryAfterS ?? null;
      if (answer.kind === "server" && answer.status === 429)
        return { ...total, stopped: "server" };
      if (batch.length > 1) {
        // One report may be at fault for all: find out which.
        size = 1;
        continue;
      }
      failures += 1;
      done.add(batch[0].id);
      await store.settle([{ ...batch[0], tries: (batch[0].tries ?? 0) + 1 }]);
      total.stopped = "server";
      if (failures >= GIVE_UP_AFTER) return total;
      continue;
    }
    if (answer.kind !== "results") return { ...total, stopped: answer.kind };
    failures = 0;
    const results = new Map(answer.results.map((result) => [result.id, result]));
    const changed = batch
      .map((item) => settled(item, results.get(item.id), now()))
      .filter((item) => item !== null);
    await store.settle(changed);
    for (const item of batch) done.add(item.id);
    if (changed.length < batch.length) total.stopped = "server";
    total.sent += changed.filter((item) => item.state === "sent").length;
    total.aside += changed.filter((item) => item.state === "aside").length;
  }
}

/** Seconds until the next try after *failures* in a row; *random* is in 0 … 1. */
export function waitS(failures, random, retryAfterS = null) {
  const longest = Math.min(LONGEST_WAIT_S, SHORTEST_WAIT_S * 2 ** Math.min(failures, 10));
  const wait = longest * (0.5 + random / 2);
  return Math.min(LONGEST_WAIT_S, Math.max(wait, retryAfterS ?? 0));
}

/**
 * Keep sending what the store holds, one sender at a time, for ever.
 *
 * `ping()` answers `{ online, account, canReport }`, with `stopped` where nobody may send
 * and that has another reason than being signed out. `withLock(work)` runs *work* unless
 * another sender is at it, and then answers "busy". `schedule(work, seconds)` returns what
 * `cancel` takes. `sendPhotos(account)` answers `{ stopped, retryAfterS }`. `hasMore()` tells
 * of other things to be done when the server is reached. `onState(state)` hears
 * `{ isSending, stopped, left, account, nextS }`.
 *
 * Returns `kick()`: try now; resolves when this try is over, and never rejects.
 */
export function makeSender({
  store,
  ping,
  send,
  hasMore = async () => false,
  sendPhotos = async () => ({ stopped: null }),
  withLock,
  schedule,
  cancel,
  random = Math.random,
  now = Date.now,
  onState = () => {},
}) {
  let failures = 0;
  let timer = null;
  let running = null;
  let isWantedAgain = false;
  let account = null;

  async function tryOnce() {
    const pong = await ping();
    if (!pong.online) return { stopped: "network" };
    account = pong.account;
    if (!account) return { stopped: pong.stopped ?? "signed_out" };
    if (!pong.canReport) return { stopped: "not_allowed" };
    const onBatch = (left) => onState({ isSending: true, stopped: null, left, account });
    for (;;) {
      const total = await drain({ store, send, account, now, onBatch });
      // Photos never hold up reports, and follow only once these are through.
      if (total.stopped && total.stopped !== "other_account") return total;
      const { stopped, retryAfterS = null } = await sendPhotos(account);
      if (stopped !== "reports")
        return { ...total, stopped: stopped ?? total.stopped, retryAfterS };
    }
  }

  async function hasWork() {
    try {
      const photos = (await store.photosWaiting?.()) ?? [];
      return photos.length > 0 || (await store.waiting()).length > 0;
    } catch {
      // What cannot be looked up may well be there.
      return true;
    }
  }

  async function run() {
    if (timer !== null) cancel(timer);
    timer = null;
    let total;
    try {
      onState({ isSending: true, stopped: null, account });
      total = await withLock(tryOnce);
    } catch (error) {
      // A full disk or a closed database: what waits still waits.
      total = { stopped: "phone", error };
    }
    const isMore = await hasMore();
    const isDone = total !== "busy" && !total.stopped && !isMore;
    failures = isDone || total === "busy" ? 0 : failures + 1;
    const isTriedAgain = !isDone && (isMore || (await hasWork()));
    const nextS = isTriedAgain ? waitS(failures, random(), total.retryAfterS) : null;
    if (nextS !== null) timer = schedule(kick, nextS);
    onState({
      isSending: false,
      stopped: total === "busy" ? null : total.stopped,
      account,
      nextS,
    });
  }

  function kick() {
    if (running) {
      isWantedAgain = true;
      return running;
    }
    running = (async () => {
      do {
        isWantedAgain = false;
        await run();
      } while (isWantedAgain);
    })().finally(() => {
      running = null;
    });
    return running;
  }

  return kick;
}
