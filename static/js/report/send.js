// What goes over the air. Nothing here is lost: whoever calls keeps it.

const TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 20_000;

/** A random UUID (version 4), also where the page came over plain http. */
export function makeUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20].reduceRight((s, at) => `${s.slice(0, at)}-${s.slice(at)}`, hex);
}

export function csrfToken() {
  // From the cookie, which is new after signing in again in another tab.
  const cookie = document.cookie.split("; ").find((c) => c.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : "";
}

/** Ask the server whether it is there: only our own body and header count. */
export async function ping(url) {
  try {
    const response = await fetch(url, {
      cache: "no-store",
      signal: AbortSignal.timeout?.(PING_TIMEOUT_MS),
    });
    const body = await response.json();
    if (response.headers.get("X-Kukar-Connect") !== "1") return { online: false };
    if (body.service !== "kukar-connect") return { online: false };
    return { online: true, account: body.account, canReport: body.can_report };
  } catch {
    return { online: false };
  }
}

/**
 * Send *reports* of *account* in one request. Returns `{ kind, … }`; the kinds are
 *
 * results    with `results`, one for each report that the server has looked at
 * signed_out, not_allowed, too_large
 * account_changed   somebody else has signed in meanwhile; nothing was stored
 * server     with `status`, `retryAfterS`: try again later
 * network    no answer: they may or may not have arrived; send the same again
 */
export async function sendReports(url, reports, account) {
  let response;
  let body;
  try {
    response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": document.documentElement.lang,
        "X-CSRFToken": csrfToken(),
        "X-Client-Time": new Date().toISOString(),
        // A header holds no letters beyond Latin's.
        "X-Account": encodeURIComponent(account),
      },
      body: JSON.stringify(reports),
    });
    body = await response.json().catch(() => null);
  } catch {
    return { kind: "network" };
  }
  if (Array.isArray(body?.results)) return { kind: "results", results: body.results };
  return refusal(response);
}

/** Say what an answer without results means. */
export function refusal(response) {
  if (response.status === 401) return { kind: "signed_out" };
  if (response.status === 403) return { kind: "not_allowed" };
  if (response.status === 412) return { kind: "account_changed" };
  if (response.status === 413) return { kind: "too_large" };
  // Also an answer that is not ours, such as the page of a hotel's or café's portal.
  const retryAfterS = Number(response.headers.get("Retry-After")) || null;
  return { kind: "server", status: response.status, retryAfterS };
}
