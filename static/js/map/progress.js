// What is being loaded, and what went wrong, told to the reader.

import { h } from "./dom.js";

/** `element` is the bar that shows while something is loaded. */
export function makeProgress(element, { mapElement, notes, texts, login }) {
  // With whether the bar shows for it.
  const busy = new Map();
  function setBusy(name, isBusy, { isSeen = true } = {}) {
    if (isBusy) busy.set(name, isSeen);
    else busy.delete(name);
    element.hidden = ![...busy.values()].includes(true);
    mapElement.setAttribute("aria-busy", String(busy.size > 0));
  }

  // What is missing and may be tried again, by the key of the error that its note tells
  // of; a note may have been closed.
  const retries = new Map();

  function retryAll(key) {
    const missing = retries.get(key);
    retries.delete(key);
    notes.remove(key);
    for (const retry of missing) retry();
  }

  function tell(error, retry) {
    if (error.name === "AbortError") return;
    const { key } = error;
    // Anything that is not ours is a fault of this program and belongs in the console.
    if (!key) throw error;
    if (retry) {
      // A note that could only be read gets its button.
      if (!retries.has(key)) notes.remove(key);
      retries.set(key, (retries.get(key) ?? new Set()).add(retry));
    }
    const action =
      key === "error_session"
        ? h("a", { class: "button button--quiet", href: login }, texts.sign_in)
        : retries.has(key) &&
          h(
            "button",
            { type: "button", class: "button button--quiet", onclick: () => retryAll(key) },
            texts.retry,
          );
    notes.add(key, texts[key], { isError: true, action });
  }

  /** The server answers; `isAgain`: after it could not be reached. */
  function tellReached({ isAgain }) {
    if (isAgain) for (const key of [...retries.keys()]) retryAll(key);
    // Else what is missing keeps its note until it is there.
    if (!retries.has("error_network")) notes.remove("error_network");
  }

  async function loading(name, work, retry) {
    setBusy(name, true);
    try {
      return await work();
    } catch (error) {
      tell(error, retry);
      return null;
    } finally {
      setBusy(name, false);
    }
  }

  return { setBusy, tell, tellReached, loading };
}
