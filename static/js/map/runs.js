// Watching for a new run: ask every few seconds, but only while somebody looks.

const EVERY_MS = 4000;
// Without a run the answer is "not there", which browsers log; ask less often.
const EVERY_WITHOUT_RUN_MS = 10_000;

export function watchRuns({ api, onRun, onError }) {
  let etag = null;
  let timer = null;
  let isAsking = false;

  async function ask() {
    window.clearTimeout(timer);
    if (document.hidden || isAsking) return;
    isAsking = true;
    let wait = EVERY_MS;
    try {
      const answer = await api.getChanged("runs/current/", etag);
      if (answer) {
        etag = answer.etag;
        await onRun(answer.body);
      }
      onError(null);
    } catch (error) {
      if (error.status === 404) {
        wait = EVERY_WITHOUT_RUN_MS;
        await onRun(null);
      } else {
        onError(error);
        // Nobody is signed in any more: asking again would only repeat that.
        if (error.key === "error_session") wait = null;
      }
    } finally {
      isAsking = false;
    }
    if (wait !== null) timer = window.setTimeout(ask, wait);
  }

  document.addEventListener("visibilitychange", ask);
  return { ask };
}
