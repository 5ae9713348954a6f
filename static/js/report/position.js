// Where the phone is: keeps the fix worth reporting, and says what it is worth.

// Good enough to stop asking people to wait; a square of the map is 153 m wide.
export const PRECISE_M = 30;
// A fix older than this may be of another place on a moving boat.
export const STALE_MS = 15_000;

/** Metres between two fixes; on these distances the earth is flat. */
export function distanceM(a, b) {
  const metresPerDegree = 111_320;
  const eastM =
    (b.lon - a.lon) * metresPerDegree * Math.cos(((a.lat + b.lat) * Math.PI) / 360);
  const northM = (b.lat - a.lat) * metresPerDegree;
  return Math.hypot(eastM, northM);
}

/**
 * Return the fix to keep of the one kept so far and the next one.
 *
 * The better one stays, unless it is old, or the phone has left it.
 */
export function betterFix(kept, next) {
  if (!kept || next.accuracyM <= kept.accuracyM) return next;
  if (next.atMs - kept.atMs > STALE_MS) return next;
  if (distanceM(kept, next) > kept.accuracyM + next.accuracyM) return next;
  return kept;
}

/** Watch the phone's position; `onFix(fix)` and `onError(reason)` are called. */
export function watchPosition(onFix, onError) {
  if (!window.isSecureContext) {
    onError("insecure");
    return () => {};
  }
  if (!navigator.geolocation) {
    onError("unavailable");
    return () => {};
  }
  let kept = null;
  const id = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      kept = betterFix(kept, {
        lon: coords.longitude,
        lat: coords.latitude,
        accuracyM: coords.accuracy,
        atMs: timestamp,
      });
      onFix(kept);
    },
    (error) => onError(error.code === error.PERMISSION_DENIED ? "denied" : "unavailable"),
    { enableHighAccuracy: true, maximumAge: 0, timeout: 20_000 },
  );
  return () => navigator.geolocation.clearWatch(id);
}
