// The one way to the server: GeoJSON in, errors in words out.

/** Something went wrong that the reader can be told about; `key` names the text. */
export class MapError extends Error {
  constructor(key, status = 0) {
    super(key);
    this.key = key;
    this.status = status;
  }
}

function errorFor(status) {
  if (status === 401 || status === 403) return new MapError("error_session", status);
  if (status === 404) return new MapError("error_gone", status);
  return new MapError("error_server", status);
}

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new MapError("error_network");
  }
  if (!response.ok && response.status !== 304) throw errorFor(response.status);
  return response;
}

export function makeApi(root) {
  const address = (path, query = {}) => {
    const url = new URL(root + path, window.location.href);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  };
  return {
    async get(path, query, { signal } = {}) {
      const response = await request(address(path, query), { signal });
      return response.json();
    },

    /** All features of a list, though it may come in more than one page. */
    async getAll(path) {
      const features = [];
      for (let url = address(path); url; ) {
        const page = await (await request(url)).json();
        features.push(...page.features);
        url = page.next;
      }
      return { type: "FeatureCollection", features };
    },

    /** Ask for `path` unless it still is what `etag` names; null when it is. */
    async getChanged(path, etag) {
      const response = await request(address(path), {
        // The answer's own ETag is compared here, so the browser's store stays out; but
        // the first time the page has asked already (map_preload.html).
        cache: etag ? "no-store" : "default",
        headers: etag ? { "If-None-Match": etag } : {},
      });
      if (response.status === 304) return null;
      return { etag: response.headers.get("ETag"), body: await response.json() };
    },
  };
}
