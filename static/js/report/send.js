// What goes over the air. Nothing here is lost: whoever calls keeps it.

const TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 20_000;
const PIECE_TIMEOUT_MS = 120_000;
const NO_REPORT = "00000000-0000-0000-0000-000000000000";

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

/**
 * Ask the server whether it is there: only our own body and header count. *headers* say
 * who asks, where that is not whoever is signed in.
 */
export async function ping(url, headers = {}) {
  try {
    const response = await fetch(url, {
      cache: "no-store",
      headers,
      signal: AbortSignal.timeout?.(PING_TIMEOUT_MS),
    });
    const body = await response.json();
    if (response.headers.get("X-Kukar-Connect") !== "1") return { online: false };
    if (response.status === 401 && body.reason)
      return { online: true, account: null, canReport: false, refused: body.reason };
    if (body.service !== "kukar-connect") return { online: false };
    const { account, can_report: canReport, device } = body;
    return { online: true, account, canReport, device };
  } catch {
    return { online: false };
  }
}

/**
 * Send *reports* of *account* in one request. Returns `{ kind, … }`; the kinds are
 *
 * results    with `results`, one for each report that the server has looked at
 * signed_out, device_refused, not_allowed, too_large
 * account_changed   somebody else has signed in meanwhile; nothing was stored
 * server     with `status`, `retryAfterS`: try again later
 * network    no answer: they may or may not have arrived; send the same again
 */
export async function sendReports(url, reports, account, headers = {}) {
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
        ...headers,
      },
      body: JSON.stringify(reports),
    });
    body = await response.json().catch(() => null);
  } catch {
    return { kind: "network" };
  }
  if (Array.isArray(body?.results)) return { kind: "results", results: body.results };
  return refusal(response, body);
}

/**
 * Send *piece* of a photo from its byte *first* on; a *piece* of null asks how much is there.
 *
 * *url* has the places that the template gave it. The kinds are
 *
 * kept       the server has the photo, and the report has it too
 * more       with `received`, from where to go on
 * refused    with `problem` { status, title }: it will never be accepted
 * and those of an answer that is none, as for reports
 */
export async function putPiece(url, { report, photo, first, piece }, headers = {}) {
  const { position, takenAt } = photo.told;
  const range = piece ? `${first}-${first + piece.byteLength - 1}` : "*";
  const told = {
    "Content-Type": "application/octet-stream",
    "Content-Range": `bytes ${range}/${photo.size}`,
    Accept: "application/json",
    "Accept-Language": document.documentElement.lang,
    "X-CSRFToken": csrfToken(),
  };
  if (position) told["X-Photo-Position"] = `${position.lon},${position.lat}`;
  if (takenAt) told["X-Photo-Time"] = takenAt;
  let response;
  let body;
  try {
    response = await fetch(url.replace(NO_REPORT, report).replace("sha256", photo.sha256), {
      method: "PUT",
      credentials: "same-origin",
      signal: AbortSignal.timeout?.(PIECE_TIMEOUT_MS),
      headers: { ...told, ...headers },
      body: piece,
    });
    body = await response.json().catch(() => null);
  } catch {
    return { kind: "network" };
  }
  const { status } = response;
  if (body?.sha256 === photo.sha256) {
    if (response.ok && body.state === "kept") return { kind: "kept" };
    if (status === 308 && body.received < photo.size)
      return { kind: "more", received: body.received };
  }
  // Only in our own words: a portal's 404 says nothing of the photo.
  if ([404, 409, 413, 422].includes(status) && body?.status === status)
    return { kind: "refused", problem: { status, title: body.detail ?? body.title } };
  return refusal(response, body);
}

/** Say what an answer without results means; *body* is its problem document, if any. */
export function refusal(response, body = null) {
  if (response.status === 401)
    return { kind: body?.reason ? "device_refused" : "signed_out" };
  if (response.status === 403) return { kind: "not_allowed" };
  if (response.status === 412) return { kind: "account_changed" };
  if (response.status === 413) return { kind: "too_large" };
  // Also an answer that is not ours, such as the page of a hotel's or café's portal.
  const retryAfterS = Number(response.headers.get("Retry-After")) || null;
  return { kind: "server", status: response.status, retryAfterS };
}

/** Ask what was decided since *since*; null when there was no answer of ours. */
export async function getReviews(url, since, headers = {}) {
  try {
    const response = await fetch(`${url}?${new URLSearchParams({ since })}`, {
      cache: "no-store",
      headers,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Ask for the tasks that there are; null when there was no answer of ours. */
export async function getTasks(url, headers = {}) {
  try {
    const response = await fetch(url, {
      cache: "no-store",
      headers,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Answer the question about a report; the HTTP status, or null when there was none. */
export async function postAnswer(url, text, headers = {}) {
  try {
    const response = await fetch(url, {
      method: "POST",
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": csrfToken(),
        ...headers,
      },
      body: JSON.stringify({ text }),
    });
    return response.status;
  } catch {
    return null;
  }
}

/**
 * Ask to be enrolled by *code* with *token*. Returns `{ kind, … }`; the kinds are
 *
 * enrolled   with `device` and `account`
 * refused    with `detail`, in the visitor's words: this code never will
 * busy       too many wrong codes: later
 * later      no answer of ours: it may or may not be enrolled; ask the same again
 */
export async function enrol(url, { code, token }) {
  try {
    const response = await fetch(url, {
      method: "POST",
      signal: AbortSignal.timeout?.(PING_TIMEOUT_MS),
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": document.documentElement.lang,
      },
      body: JSON.stringify({ code, token }),
    });
    const body = await response.json();
    const { device, account, detail, status } = body;
    if (response.ok && device && account) return { kind: "enrolled", device, account };
    if (response.status === 429) return { kind: "busy" };
    // A portal's page may have any status; ours is said in the body too.
    if ([400, 410].includes(response.status) && status === response.status)
      return { kind: "refused", detail };
  } catch {
    // As when there was no answer at all.
  }
  return { kind: "later" };
}
