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

  function tell(error, retry) {
    if (error.name === "AbortError") return;
    // Anything that is not ours is a fault of this program and belongs in the console.
    if (!error.key) throw error;
    const action =
      error.key === "error_session"
        ? h("a", { class: "button button--quiet", href: login }, texts.sign_in)
        : retry &&
          h(
            "button",
            {
              type: "button",
              class: "button button--quiet",
              onclick: () => {
                notes.remove(error.key);
                retry();
              },
            },
            texts.retry,
          );
    notes.add(error.key, texts[error.key], { isError: true, action });
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

  return { setBusy, tell, loading };
}
