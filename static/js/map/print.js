// The map on paper: laid out as the sheet will be, drawn anew, then printed.

// A4 landscape within margins of 10 mm, as css/finding.css lays it out.
const WAIT_MS = 8000;

/** Resolve when nothing is loaded any more, or when it takes too long. */
function settled(mapElement) {
  return new Promise((resolve) => {
    const end = performance.now() + WAIT_MS;
    const look = () => {
      const isBusy = mapElement.getAttribute("aria-busy") === "true";
      const isLoading = mapElement.querySelector("img.leaflet-tile:not(.leaflet-tile-loaded)");
      if ((!isBusy && !isLoading) || performance.now() > end) resolve();
      else window.requestAnimationFrame(look);
    };
    // Two frames: one in which the layers notice the new size, one in which they ask.
    window.requestAnimationFrame(() => window.requestAnimationFrame(look));
  });
}

/** Return what prints; `facts()` fills the sheet's lines: {layer, run, date, link}. */
export function makePrint(map, { mapElement, sheet, facts }) {
  let before = null;

  function layOut() {
    if (before !== null) return;
    before = { center: map.getCenter(), zoom: map.getZoom(), bounds: map.getBounds() };
    for (const [name, text] of Object.entries(facts()))
      sheet.querySelector(`[data-print="${name}"]`).textContent = text;
    document.documentElement.classList.add("is-on-paper");
    map.invalidateSize({ animate: false, pan: false });
    // The sheet has another shape than the screen: it shows at least as much.
    map.fitBounds(before.bounds, { animate: false });
  }

  function putBack() {
    if (before === null) return;
    const { center, zoom } = before;
    before = null;
    document.documentElement.classList.remove("is-on-paper");
    map.invalidateSize({ animate: false, pan: false });
    map.setView(center, zoom, { animate: false });
  }

  // Also when the browser's own menu prints; then there is no time to load more.
  window.addEventListener("beforeprint", layOut);
  window.addEventListener("afterprint", putBack);

  return async function print() {
    layOut();
    await settled(mapElement);
    window.print();
    putBack();
  };
}
