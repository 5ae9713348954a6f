// The map's PDF: the address of what is looked at, cut as the screen is.

import { toExtent } from "./lonlat.js";

const DIGITS = 5;

/** The sheet's address: the map's own query, and the extent that is on the screen. */
export function sheetAddress(root, search, [west, south, east, north]) {
  const query = new URLSearchParams(search);
  const bbox = [west, south, east, north].map((degrees) => degrees.toFixed(DIGITS));
  query.set("bbox", bbox.join(","));
  return `${root}?${query.toString().replaceAll("%2C", ",")}`;
}

/** Keep the link's address that of the view, also for a middle click or a copy. */
export function keepSheetLink(link, map) {
  const root = link.getAttribute("href");
  const refresh = () => {
    link.href = sheetAddress(root, window.location.search, toExtent(map.getBounds()));
  };
  for (const name of ["pointerdown", "focus", "keydown", "pointerenter"]) {
    link.addEventListener(name, refresh);
  }
  map.on("moveend", refresh);
}
