// The piece of the map that this phone keeps for a trip: surface tiles of one run and
// layer, in a cache of their own, which no new version of the app touches.

export const CACHE = "kukar-trip";
// What the tiles are. Written last: where it stands, the tiles are all there.
const LABEL = "/kukar-trip.json";

/** What is kept: `{ run, cutoff, districts, bytes, … }`, or null. */
export async function keptTrip() {
  if (!("caches" in window) || !(await caches.has(CACHE))) return null;
  const label = await (await caches.open(CACHE)).match(LABEL);
  return label ? label.json() : null;
}

/**
 * Keep the tiles at *urls* (with their sizes, `[url, bytes]`) under *label*.
 *
 * What was kept before stays until all is there, also when *signal* says stop or anything
 * fails. `onProgress(bytes)` hears how much has come.
 */
export async function keepTrip({ urls, label, signal, onProgress = () => {} }) {
  const cache = await caches.open(CACHE);
  const before = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname));
  const wanted = new Set(urls.map(([url]) => url));
  let come = 0;
  try {
    for (const [url, bytes] of urls) {
      signal?.throwIfAborted();
      if (!before.has(url)) {
        const response = await fetch(url, { signal });
        if (!response.ok || response.headers.get("Content-Type") !== "image/png")
          throw new Error(`${url}: ${response.status}`);
        await cache.put(url, response);
      }
      come += bytes;
      onProgress(come);
    }
    await cache.put(LABEL, new Response(JSON.stringify(label)));
  } catch (error) {
    // What came before the connection broke is not paid for twice.
    if (["AbortError", "QuotaExceededError"].includes(error.name))
      for (const url of wanted) if (!before.has(url)) await cache.delete(url);
    throw error;
  }
  for (const url of before) if (!wanted.has(url) && url !== LABEL) await cache.delete(url);
}

export const forgetTrip = () => caches.delete(CACHE);

/** Draw what is kept onto *map*; nothing is fetched. Returns `{ layer, label }`, or null. */
export async function drawTrip(map) {
  const label = await keptTrip();
  if (!label) return null;
  const { L } = window;
  const cache = await caches.open(CACHE);
  const [minNativeZoom, maxNativeZoom] = label.zooms;
  const Kept = L.GridLayer.extend({
    createTile({ x, y, z }, done) {
      const tile = L.DomUtil.create("img", "kept-tile");
      tile.alt = "";
      const url = label.address.replace("{z}", z).replace("{x}", x).replace("{y}", y);
      cache
        .match(url)
        .then((response) => response?.blob())
        .then((blob) => {
          if (!blob) return done(null, tile);
          const source = URL.createObjectURL(blob);
          tile.onload = tile.onerror = () => {
            URL.revokeObjectURL(source);
            done(null, tile);
          };
          tile.src = source;
          return undefined;
        })
        .catch((error) => done(error, tile));
      return tile;
    },
  });
  // Above the land, below the pin.
  const pane = map.getPane("kept") ?? map.createPane("kept");
  pane.style.zIndex = 410;
  pane.style.pointerEvents = "none";
  return { layer: new Kept({ minNativeZoom, maxNativeZoom, pane: "kept" }).addTo(map), label };
}

/** What the colours of *label*'s map mean, and of when they are: elements for a legend. */
export function makeLegend(label, say, language) {
  const about = document.createElement("p");
  about.className = "legend__about";
  about.textContent = say(label.is_demo ? "trip_legend_demo" : "trip_legend", {
    layer: `${label.operator_name}, ${label.service_name}`,
    date: new Date(label.cutoff).toLocaleDateString(language, {
      dateStyle: "medium",
      timeZone: "Asia/Makassar",
    }),
  });
  const list = document.createElement("ul");
  list.className = "legend__states";
  const states = [...label.states, { state: "not_kept", name: say("trip_not_kept") }];
  for (const { state, name } of states) {
    const line = document.createElement("li");
    const swatch = document.createElement("span");
    swatch.className = `swatch swatch--${state}`;
    line.append(swatch, ` ${name}`);
    list.append(line);
  }
  return [about, list];
}
