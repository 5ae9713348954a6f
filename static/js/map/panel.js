// The panel beside the map (on a phone: the sheet over its lower half).

import { h } from "./dom.js";

export function makePanel(element, { texts, onClose }) {
  const title = element.querySelector("[data-title]");
  const body = element.querySelector("[data-body]");
  const close = element.querySelector("[data-close]");
  let openedFrom = null;

  function hide() {
    if (element.hidden) return;
    element.hidden = true;
    onClose();
    // Back to where the reader was, unless that is gone.
    if (openedFrom?.isConnected) openedFrom.focus({ preventScroll: true });
    openedFrom = null;
  }
  close.addEventListener("click", hide);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    hide();
  });

  return {
    hide,
    get isOpen() {
      return !element.hidden;
    },
    element,
    get heading() {
      return title.textContent;
    },
    /** Show `content` under `heading`; the reader's focus goes to the heading. */
    show(heading, content, { isFocused = true } = {}) {
      if (element.hidden) {
        openedFrom = document.activeElement;
        element.hidden = false;
      }
      title.textContent = heading;
      body.replaceChildren(...content);
      body.scrollTop = 0;
      if (isFocused) title.focus({ preventScroll: true });
    },
    /** Replace the content without taking the focus, as when new reports arrive. */
    refresh(heading, content) {
      title.textContent = heading;
      body.replaceChildren(...content);
    },
    showLoading(heading) {
      this.show(heading, [h("p", { class: "soft" }, texts.loading)]);
    },
  };
}
