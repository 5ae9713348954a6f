// The panel beside the map (on a phone: the sheet over its lower half).

export function makePanel(element, { onClose }) {
  const title = element.querySelector("[data-title]");
  const body = element.querySelector("[data-body]");
  const close = element.querySelector("[data-close]");
  let openedFrom = null;
  let turn = 0;

  function hide() {
    if (element.hidden) return;
    element.hidden = true;
    turn += 1;
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
    /** Another number whenever something else is shown. */
    get turn() {
      return turn;
    },
    /**
     * Show `content` under `heading`; the reader's focus goes to the heading. `isGrowing`:
     * more is to come, for which a phone's sheet has the room from the start.
     */
    show(heading, content, { isFocused = true, isGrowing = false } = {}) {
      if (element.hidden) {
        openedFrom = document.activeElement;
        element.hidden = false;
      }
      turn += 1;
      element.classList.toggle("panel--growing", isGrowing);
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
  };
}
