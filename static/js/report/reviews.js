// What the office decided about reports that were sent, and the answers to its questions.
//
// Nothing here knows a browser: the store and the requests are handed in. Nothing is lost
// when it stops in the middle: answers wait in the store, and what was not heard is asked
// for again.

const AT_MOST_EVERY_S = 60;

const noteOf = (account) => `reviews_since:${account}`;

/** Whether *item* is about a question that nobody has answered on this phone. */
export const isAsked = (item) =>
  item.review?.state === "asked" && item.answer?.asked_at !== item.review.decided_at;

/**
 * Send the answers that wait; answer whether any was settled.
 *
 * `post(id, text)` answers the HTTP status, or null when there was none.
 */
export async function sendAnswers({ store, post, account }) {
  let isChanged = false;
  for (const { id, answer, account: author } of await store.all()) {
    if (answer?.state !== "waiting" || (author && author !== account)) continue;
    const status = await post(id, answer.text);
    // 409: answered already from elsewhere, or decided meanwhile; 400: never to be taken.
    const state = status === 200 || status === 201 ? "sent" : "refused";
    if (status === null || ![200, 201, 400, 404, 409].includes(status)) break;
    await store.noteAnswer(id, { ...answer, state });
    isChanged = true;
  }
  return isChanged;
}

/**
 * Take what was decided since the last time; answer whether there was anything.
 *
 * `get(since)` answers `{ reviews, next, has_more }`, or null when it could not.
 */
export async function takeReviews({ store, get, account }) {
  let since = (await store.note(noteOf(account))) ?? 0;
  let isChanged = false;
  for (;;) {
    const answer = await get(since);
    if (!Array.isArray(answer?.reviews) || !Number.isInteger(answer.next)) break;
    if (answer.reviews.length > 0) {
      await store.noteReviews(answer.reviews);
      isChanged = true;
    }
    // Only after the reviews are kept: asked for again is better than never heard.
    if (answer.next !== since) await store.putNote(noteOf(account), answer.next);
    const isFurther = answer.next > since;
    since = answer.next;
    if (!answer.has_more || !isFurther) break;
  }
  return isChanged;
}

/**
 * Keep the log up to date with the office.
 *
 * Returns `{ sync(account), isWaiting(account), answer(item, text, account) }`; all resolve
 * when done and never reject. `scope()` tells apart who asks: an enrolled phone hears of other reports
 * than its account. `onChanged()` hears when the store holds something new.
 */
export function makeReviews({
  store,
  get,
  post,
  scope = () => "",
  onChanged = () => {},
  now = Date.now,
}) {
  let running = null;
  let syncedAt = -Infinity;

  async function run(account) {
    try {
      const isAnswered = await sendAnswers({ store, post, account });
      if (!isAnswered && now() - syncedAt < AT_MOST_EVERY_S * 1000) return;
      const isReviewed = await takeReviews({ store, get, account: account + scope() });
      syncedAt = now();
      if (isAnswered || isReviewed) onChanged();
    } catch {
      // The phone's memory failed; it is all asked for again the next time.
    }
  }

  function sync(account) {
    running ??= run(account).finally(() => {
      running = null;
    });
    return running;
  }

  return {
    sync,
    /** Whether an answer of *account* waits to be sent. */
    async isWaiting(account) {
      try {
        return (await store.all()).some(
          ({ answer, account: author }) =>
            answer?.state === "waiting" && !(author && account && author !== account),
        );
      } catch {
        // What cannot be looked up may well be there.
        return true;
      }
    },
    async answer(item, text, account) {
      await store.noteAnswer(item.id, {
        text,
        state: "waiting",
        asked_at: item.review.decided_at,
      });
      onChanged();
      if (account) await sync(account);
    },
  };
}
