// The phone's own memory of reports: IndexedDB. A promise that resolves here means that
// the browser has finished the transaction, not that it has begun it.

export const NAME = "kukar-connect";
export const VERSION = 3;

// One step for each version; a phone that was off for a year takes them all in turn.
const STEPS = [
  // 1: reports, by their state.
  (db) => {
    const reports = db.createObjectStore("reports", { keyPath: "id" });
    reports.createIndex("state", "state");
  },
  // 2: photos by their fingerprint, and notes of the app itself.
  (db) => {
    const photos = db.createObjectStore("photos", { keyPath: "sha256" });
    photos.createIndex("state", "state");
    db.createObjectStore("notes");
  },
  // 3: the bytes of photos apart from them, so that counting photos reads no bytes.
  (db) => {
    db.createObjectStore("photo_bytes");
  },
];

/** Bring a database that was at *oldVersion* to *newVersion*. */
export function upgrade(db, oldVersion, newVersion = VERSION) {
  for (const step of STEPS.slice(oldVersion, newVersion)) step(db);
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open(indexedDB, name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion);
  return finished(request);
}

const PHOTO_STORES = ["photos", "photo_bytes"];

/** Add photos, each `{ sha256, bytes, reports, … }`; one that is there gains reports. */
async function addPhotos(added, photos, contents) {
  for (const { bytes, ...photo } of added) {
    const before = await finished(photos.get(photo.sha256));
    photos.put({
      ...photo,
      reports: [...new Set([...(before?.reports ?? []), ...photo.reports])],
      done: before?.done ?? [],
      state: "waiting",
      tries: 0,
    });
    contents.put(bytes, photo.sha256);
  }
}

/** Take report *id* from its photos; a photo without any report goes. */
async function leavePhotos(id, photos, contents) {
  for (const photo of await finished(photos.getAll())) {
    if (!photo.reports.includes(id)) continue;
    const reports = photo.reports.filter((each) => each !== id);
    if (reports.length > 0) {
      const isSent = reports.every((each) => photo.done.includes(each));
      photos.put({ ...photo, reports, state: isSent ? "sent" : photo.state });
      if (!isSent) continue;
    } else {
      photos.delete(photo.sha256);
    }
    contents.delete(photo.sha256);
  }
}

/** Return the store. It opens the database when it is first asked, and again if closed. */
export function makeStore(indexedDB = window.indexedDB, name = NAME) {
  let opening = null;

  async function database() {
    opening ??= open(indexedDB, name);
    try {
      const db = await opening;
      const forget = () => {
        opening = null;
      };
      db.onclose = forget;
      // Another tab has a newer app: let it upgrade.
      db.onversionchange = () => {
        db.close();
        forget();
      };
      return db;
    } catch (error) {
      opening = null;
      throw error;
    }
  }

  /** Run *work(stores)* in one transaction; resolve with its result once that is kept. */
  async function within(names, mode, work) {
    const db = await database();
    // "strict": on the disk, not only in the system's memory; a phone falls into rivers.
    const transaction = db.transaction(names, mode, { durability: "strict" });
    const kept = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      // An error that nobody handles ends here too, and only here says which it was.
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
    });
    // Its failure is the transaction's, which is awaited below.
    kept.catch(() => {});
    const stores = names.map((each) => transaction.objectStore(each));
    let result;
    try {
      result = await work(...stores);
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // Aborted already by what failed.
      }
      throw error;
    }
    await kept;
    return result;
  }

  return {
    /** Keep new *items*, with their *photos*, all or none. */
    save: (items, photos = []) =>
      within(["reports", ...PHOTO_STORES], "readwrite", (reports, ...kept) => {
        for (const item of items) reports.add(item);
        return addPhotos(photos, ...kept);
      }),
    waiting: () =>
      within(["reports"], "readonly", (reports) =>
        finished(reports.index("state").getAll("waiting")),
      ),
    all: () => within(["reports"], "readonly", (reports) => finished(reports.getAll())),
    /** Write *items* over those that still wait; one settled meanwhile stays as it is. */
    settle: (items) =>
      within(["reports"], "readwrite", async (reports) => {
        for (const item of items) {
          const now = await finished(reports.get(item.id));
          if (now?.state === "waiting") reports.put(item);
        }
      }),
    /** Put *items* in place of the one set aside under *id*, with *photos*, in one go. */
    replace: (id, items, photos = []) =>
      within(["reports", ...PHOTO_STORES], "readwrite", async (reports, ...kept) => {
        reports.delete(id);
        for (const item of items) reports.put(item);
        await leavePhotos(id, ...kept);
        await addPhotos(photos, ...kept);
      }),
    /** Forget a report set aside, because its author said so. */
    discard: (id) =>
      within(["reports", ...PHOTO_STORES], "readwrite", async (reports, ...kept) => {
        reports.delete(id);
        await leavePhotos(id, ...kept);
      }),
    /** Write what the office has decided meanwhile beside reports that were sent. */
    noteReviews: (reviews) =>
      within(["reports"], "readwrite", async (reports) => {
        for (const { id, ...review } of reviews) {
          const item = await finished(reports.get(id));
          if (item) reports.put({ ...item, review });
        }
      }),
    /** Keep the answer to the office's question; it waits until `state` says "sent". */
    noteAnswer: (id, answer) =>
      within(["reports"], "readwrite", async (reports) => {
        const item = await finished(reports.get(id));
        if (item) reports.put({ ...item, answer });
      }),

    photosWaiting: () =>
      within(["photos"], "readonly", (photos) =>
        finished(photos.index("state").getAll("waiting")),
      ),
    photos: () => within(["photos"], "readonly", (photos) => finished(photos.getAll())),
    photoBytes: (sha256) =>
      within(["photo_bytes"], "readonly", (contents) => finished(contents.get(sha256))),
    /** The photo of report *id* with its bytes; null where there is none. */
    photoOf: (id) =>
      within(PHOTO_STORES, "readonly", async (photos, contents) => {
        const all = await finished(photos.getAll());
        const photo = all.find((each) => each.reports.includes(id));
        const bytes = photo && (await finished(contents.get(photo.sha256)));
        return bytes ? { ...photo, bytes } : null;
      }),
    /** Change a photo by *change(photo)*; null deletes it, "sent" gives back its room. */
    changePhoto: (sha256, change) =>
      within(PHOTO_STORES, "readwrite", async (photos, contents) => {
        const photo = await finished(photos.get(sha256));
        if (!photo) return;
        const next = change(photo);
        if (next) photos.put(next);
        else photos.delete(sha256);
        if (next?.state !== "waiting" && next?.state !== "aside") contents.delete(sha256);
      }),

    note: (key) => within(["notes"], "readonly", (notes) => finished(notes.get(key))),
    putNote: (key, value) =>
      within(["notes"], "readwrite", (notes) => void notes.put(value, key)),
    /** Change a note by *change(value)* in one transaction; answer what it became. */
    changeNote: (key, change) =>
      within(["notes"], "readwrite", async (notes) => {
        const value = change(await finished(notes.get(key)));
        notes.put(value, key);
        return value;
      }),
  };
}

const LEASE_S = 120;

/**
 * Return `withLock(work)`: runs *work* unless another tab is at it ("busy").
 *
 * By Web Locks; where the browser has none, by a lease that runs out by itself. Two senders
 * at once would waste data but store nothing twice: the server knows each report's id.
 */
export function makeLock(store, { locks = navigator.locks, now = Date.now } = {}) {
  if (locks) {
    return (work) =>
      locks.request("kukar-outbox", { ifAvailable: true }, (lock) =>
        lock ? work() : "busy",
      );
  }
  const holder = String(Math.random());
  const take = (lease) =>
    lease && lease.holder !== holder && lease.until > now()
      ? lease
      : { holder, until: now() + LEASE_S * 1000 };
  return async (work) => {
    const lease = await store.changeNote("lease", take);
    if (lease.holder !== holder) return "busy";
    try {
      return await work();
    } finally {
      await store.changeNote("lease", (now_) =>
        now_?.holder === holder ? { holder, until: 0 } : now_,
      );
    }
  };
}
