// Photos that wait on this phone until the server has them, sent after the reports and in
// pieces: a connection that is cut, or a tab that is killed, costs one piece at most.
//
// Like the outbox, nothing here knows a browser.
//
// An item of the store:
//   sha256, size      of the bytes as they are sent; width, height in pixels
//   told              { position, takenAt } as the camera wrote them into the photo
//   reports, done     ids of the reports it belongs to; those that it has reached
//   state             "waiting", "sent" (the bytes are gone from the phone) or "aside"
//   saved_at, tries   as for reports
//   problem           { status, title } while it is set aside

import { inOrder } from "./outbox.js";

// Half a minute on one bar of GPRS.
export const PIECE_BYTES = 32 * 1024;
// Pieces in a row that the server took and did not keep.
const MOST_STALLS = 3;
// Failures in a row after which the server itself is at fault; some say so at once.
const GIVE_UP_AFTER = 2;
const BUSY = [429, 503, 507];

/** The photo after the server said that report *id* has it. */
function reached(photo, id, now) {
  const done = [...new Set([...photo.done, id])];
  const isSent = photo.reports.every((each) => done.includes(each));
  if (!isSent) return { ...photo, done };
  return { ...photo, done, state: "sent", sent_at: new Date(now).toISOString() };
}

async function isReportWaiting(store, account) {
  const waiting = await store.waiting();
  return waiting.some((item) => !item.account || item.account === account);
}

/** Bring one photo to one report; answer how that ended, as `put` does. */
async function deliver({ store, put, account, photo, id }) {
  let bytes = null;
  let received = null; // nobody has asked yet
  let stalls = 0;
  for (;;) {
    if (await isReportWaiting(store, account)) return { kind: "reports" };
    const piece = received === null ? null : bytes.slice(received, received + PIECE_BYTES);
    const answer = await put({ report: id, photo, first: received, piece });
    if (answer.kind !== "more") return answer;
    // What the server has is for the server to say, also when that is less than before.
    if (received !== null && answer.received <= received) stalls += 1;
    if (stalls >= MOST_STALLS) return { kind: "server", status: 0 };
    received = answer.received;
    bytes ??= await store.photoBytes(photo.sha256);
    // Its author deleted it in another tab.
    if (!bytes) return { kind: "gone" };
  }
}

/**
 * Send the photos whose reports have arrived as *account*'s, oldest first.
 *
 * `store`: `photosWaiting()`, `photoBytes(sha256)`, `changePhoto(sha256, change)`, and of
 * reports `all()` and `waiting()`.
 * `put({ report, photo, first, piece })` asks how much is there when *piece* is null. It
 * answers `{ kind: "more", received }`, `{ kind: "kept" }`, `{ kind: "refused", problem }`,
 * or why there is no answer, as `send` of the outbox does.
 *
 * `onChange()` is called as soon as it is the photos' turn, and when one's state changed.
 *
 * Returns `{ stopped, retryAfterS }`; `stopped` is null when none is left that could go,
 * and "reports" when a report was saved meanwhile: those go first.
 */
export async function sendPhotos({
  store,
  put,
  account,
  now = Date.now,
  onChange = () => {},
}) {
  const total = { stopped: null, retryAfterS: null };
  const photos = inOrder(await store.photosWaiting());
  if (photos.length === 0) return total;
  onChange();
  const reports = new Map((await store.all()).map((item) => [item.id, item]));
  let failures = 0;
  for (const photo of photos) {
    for (const id of photo.reports.filter((each) => !photo.done.includes(each))) {
      const report = reports.get(id);
      // It waits for its report; for one set aside, until that is corrected.
      if (report?.state !== "sent") continue;
      if (report.account && report.account !== account) {
        total.stopped ??= "other_account";
        continue;
      }
      const answer = await deliver({ store, put, account, photo, id });
      if (answer.kind === "gone") break;
      if (answer.kind === "kept") {
        await store.changePhoto(photo.sha256, (each) => reached(each, id, now()));
        failures = 0;
        onChange();
      } else if (answer.kind === "refused") {
        const { problem } = answer;
        await store.changePhoto(photo.sha256, (each) => ({ ...each, state: "aside", problem }));
        onChange();
        break;
      } else if (answer.kind === "server") {
        failures += 1;
        await store.changePhoto(photo.sha256, (each) => ({ ...each, tries: each.tries + 1 }));
        total.stopped = "server";
        total.retryAfterS = answer.retryAfterS ?? null;
        if (failures >= GIVE_UP_AFTER || BUSY.includes(answer.status)) return total;
        break;
      } else {
        return { ...total, stopped: answer.kind };
      }
    }
  }
  return total;
}
