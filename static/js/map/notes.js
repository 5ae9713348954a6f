// Short notes over the map: each said once, until it is closed or no longer true.

import { h } from "./dom.js";

export function makeNotes(element, { texts }) {
  const shown = new Map();

  function remove(key) {
    shown.get(key)?.remove();
    shown.delete(key);
  }

  return {
    remove,
    add(key, text, { isError = false, action = null } = {}) {
      if (shown.has(key)) return;
      const note = h(
        "div",
        { class: `note${isError ? " note--error" : ""}` },
        h("p", {}, text),
        action,
        h(
          "button",
          {
            type: "button",
            class: "note__close",
            "aria-label": texts.dismiss,
            onclick: () => remove(key),
          },
          "×",
        ),
      );
      shown.set(key, note);
      element.append(note);
    },
  };
}
