// This phone's enrolment: with it reports are sent although nobody is signed in.
//
// Nothing here knows a page: the store and what goes over the air are handed in.
//
// Notes of the store:
//   enrolment   { code, token } of which no answer has come yet; the token is made here, so
//               that the same two can be sent until one comes
//   device      { token, name, account, refused }: as what the server knows this phone;
//               refused: why it does not take the token any more, or null

const CODE = /^#enrol=([0-9A-Za-z-]{8,20})$/;

/** The code in an address that a QR code has opened (what follows "#"), or null. */
export function codeIn(hash) {
  return CODE.exec(hash)?.[1] ?? null;
}

/** Whether *text* may be a code: eight digits and letters, however they are set apart. */
export function isCode(text) {
  return /^[0-9A-Z]{8}$/i.test(text.replace(/[\s\p{Dash}]/gu, ""));
}

/** A secret of 32 random bytes, in base64url. */
export function makeToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

/**
 * Return who this phone is to the server.
 *
 * `ping(headers)` answers `{ online, account, canReport, device, refused }`, by the device's
 * token or, without it, by the session. `enrol({ code, token })` answers `{ kind, … }`:
 * "enrolled" with `device` and `account`, "refused" with `detail`, "busy" or "later".
 */
export function makeDevice({ store, ping, enrol, newToken = makeToken }) {
  let sending = null; // the device that sends; null: whoever is signed in
  let answer = null; // the last one to a code

  const headersOf = (device) =>
    device ? { Authorization: `Device ${device.token}` } : {};

  async function enrolIfWanted() {
    const wanted = await store.note("enrolment");
    if (!wanted) return;
    answer = await enrol(wanted);
    const { kind, device: name, account } = answer;
    // Before the code is forgotten: a phone that falls in between asks again.
    if (kind === "enrolled")
      await store.putNote("device", { token: wanted.token, name, account, refused: null });
    if (kind === "enrolled" || kind === "refused") {
      // Another code that was entered meanwhile stays.
      await store.changeNote("enrolment", (now) =>
        now?.token === wanted.token ? null : now,
      );
    }
  }

  async function noteAnswer(device, pong) {
    const { token, name, account, refused } = device;
    const next = pong.account
      ? { token, name: pong.device ?? name, account: pong.account, refused: null }
      : { token, name, account, refused: pong.refused ?? null };
    if (next.name === name && next.account === account && next.refused === refused) return;
    await store.changeNote("device", (now) => (now?.token === token ? next : now));
  }

  return {
    /** Keep *code*; the next `hear()` that reaches the server enrols with it. */
    async want(code) {
      answer = null;
      await store.putNote("enrolment", { code, token: newToken() });
    },

    /** Whether a code waits for its answer. */
    async isWanted() {
      try {
        return Boolean(await store.note("enrolment"));
      } catch {
        // What cannot be looked up may well be there.
        return true;
      }
    },

    /** `{ device, isWanted, answer }`, for the page. */
    async state() {
      return {
        device: (await store.note("device")) ?? null,
        isWanted: Boolean(await store.note("enrolment")),
        answer,
      };
    },

    /**
     * Enrol if that is wanted, ask the server who this phone is, and answer as `ping` does.
     *
     * The device sends; but whoever is signed in does when only reports of that account
     * wait, or when the device is refused.
     */
    async hear() {
      await enrolIfWanted();
      const device = await store.note("device");
      sending = null;
      if (!device) return ping({});
      const asDevice = await ping(headersOf(device));
      if (!asDevice.online) return asDevice;
      await noteAnswer(device, asDevice);
      const waiting = await store.waiting();
      const mayDo = (account) =>
        waiting.some((item) => !item.account || item.account === account);
      if (asDevice.account && (waiting.length === 0 || mayDo(asDevice.account))) {
        sending = device;
        return asDevice;
      }
      const asPerson = await ping({});
      if (!asPerson.online) return asPerson;
      if (asDevice.account && !(asPerson.account && mayDo(asPerson.account))) {
        sending = device;
        return asDevice;
      }
      return asPerson.account ? asPerson : { ...asPerson, stopped: "device_refused" };
    },

    /** What a request carries to be sent as `hear()` has found. */
    headers: () => headersOf(sending),
  };
}
