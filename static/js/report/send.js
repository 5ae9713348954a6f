// One report on its way to the server. Nothing here is lost: whoever calls keeps it.

const TIMEOUT_MS = 30_000;

/** A random UUID (version 4), also where the page came over plain http. */
export function makeUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20].reduceRight((s, at) => `${s.slice(0, at)}-${s.slice(at)}`, hex);
}

function csrfToken() {
  // From the cookie, which is new after signing in again in another tab.
  const cookie = document.cookie.split("; ").find((c) => c.startsWith("csrftoken="));
  return cookie
    ? cookie.slice("csrftoken=".length)
    : (document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
}

/**
 * Send one report. Returns `{ kind, … }`; the kinds are
 *
 * stored     with `result`: stored now, or before by this same report
 * refused    with `errors` by field: to be corrected
 * conflict   another report has the id
 * signed_out, not_allowed
 * server     with `status`: try again later
 * network    no answer: it may or may not have arrived; send the same again
 */
export async function sendReport(url, report) {
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
      },
      body: JSON.stringify(report),
    });
    body = await response.json().catch(() => null);
  } catch {
    return { kind: "network" };
  }
  const result = body?.results?.find((item) => item.id === report.id);
  if (result) return fromResult(result);
  if (response.status === 401) return { kind: "signed_out" };
  if (response.status === 403) return { kind: "not_allowed" };
  // Also an answer that is not ours, such as the page of a hotel's or café's portal.
  return { kind: "server", status: response.status };
}

function fromResult(result) {
  if (result.status === 200 || result.status === 201) return { kind: "stored", result };
  if (result.status === 422) return { kind: "refused", errors: result.errors ?? {} };
  if (result.status === 409) return { kind: "conflict" };
  return { kind: "server", status: result.status };
}
