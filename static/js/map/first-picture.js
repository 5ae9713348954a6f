// The picture of the whole regency that is seen until the map has drawn the same.

import { painted } from "./dom.js";

const PARTS = ["map-surface", "map-places", "map-spots"];

/** `element` lies over the map of `shell`; null where the page has none. */
export function makeFirstPicture(element, shell) {
  const missing = new Set(PARTS);
  const leave = () => element?.remove();
  // Whoever does something wants to see what it does.
  for (const type of ["pointerdown", "wheel", "keydown", "change"])
    shell.addEventListener(type, leave, { capture: true, once: true, passive: true });

  return {
    /** Say that one of PARTS is drawn; the first time is measured by the name. */
    drawn(part) {
      if (missing.delete(part)) performance.mark(part);
      if (missing.size === 0) painted().then(leave);
    },
  };
}
