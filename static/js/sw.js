// The service worker, served at /sw.js by kukar_connect/pwa.py, which puts in front:
//   const VERSION = "…";  const PAGE = "/lapor/";  const SHELL = ["/lapor/", …];
// It keeps the form's page and what that needs. Reports are the outbox's business: it
// never touches anything but GET, and of those only what SHELL lists.
/* global VERSION, PAGE, SHELL */

const PREFIX = "kukar-shell-";
const CACHE = PREFIX + VERSION;
const LISTED = new Set(SHELL);

function request(url) {
  // What the browser has is asked after, so that a new version is never built from old
  // files, and not loaded twice where the server says that it is the same. A page
  // that leads to the sign-in is not the page.
  return new Request(url, { cache: "no-cache", redirect: "error" });
}

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL.map(request))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const stale = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      await Promise.all(stale.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (!LISTED.has(url.pathname)) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      return (await cache.match(url.pathname)) ?? fetch(event.request);
    })(),
  );
});

async function isComplete() {
  const cache = await caches.open(CACHE);
  const found = await Promise.all(SHELL.map((url) => cache.match(url)));
  return found.every((response) => response?.ok);
}

self.addEventListener("message", (event) => {
  const answer = (data) => event.ports[0]?.postMessage(data);
  const { kind } = event.data;
  if (kind === "activate") self.skipWaiting();
  if (kind === "is-complete")
    event.waitUntil(isComplete().then((is) => answer({ isComplete: is })));
  if (kind === "refresh-page") {
    event.waitUntil(
      (async () => {
        const cache = await caches.open(CACHE);
        // Put in place only when it has come whole; until then the old one stays.
        await cache.add(request(PAGE)).catch(() => {});
        answer({});
      })(),
    );
  }
});
