// "Enrol this phone" on the form's page: a code that is typed, or comes with a QR code.

import { codeIn, isCode } from "./device.js";

const one = (selector, within = document) => within.querySelector(selector);

/**
 * Run the disclosure. `onWanted()` is called when there is a code to enrol with.
 *
 * Returns `{ show(), takeCode() }`: show how it stands; take the code out of the address.
 */
export function makeEnrolment({ say, device, onWanted }) {
  const box = one("[data-enrol]");
  const title = one("[data-enrol-title]", box);
  const form = one("[data-enrol-form]", box);
  const input = one("[data-enrol-code]", box);
  const line = one("[data-enrol-state]", box);
  const openTitle = title.textContent;
  let told = null; // [words, kind] on what stands in the box, till that is changed or sent

  function tell(text, kind = "") {
    if (line.textContent !== text) line.textContent = text;
    line.dataset.kind = kind;
    line.hidden = !text;
  }

  function words({ device: known, isWanted, answer }) {
    if (told) return told;
    if (isWanted && !answer) return [say("enrolling")];
    if (isWanted) return [say(answer.kind === "busy" ? "enrol_busy" : "enrol_waits")];
    if (answer?.kind === "refused") return [answer.detail ?? say("enrol_refused"), "bad"];
    if (known?.refused) return [say("stopped_device_refused"), "bad"];
    if (known) {
      const { name, account } = known;
      return [say("enrolled", { device: name, account }), "good"];
    }
    return [""];
  }

  async function show() {
    const state = await device.state();
    title.textContent =
      state.device && !state.device.refused
        ? say("enrol_title_done", { device: state.device.name })
        : openTitle;
    tell(...words(state));
  }

  async function want(code) {
    told = null;
    await device.want(code);
    await show();
    input.value = "";
    onWanted();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isCode(input.value)) {
      want(input.value.trim());
    } else {
      told = [say("need_code"), "bad"];
      show();
      input.focus();
    }
  });
  input.addEventListener("input", () => {
    told = null;
    show();
  });
  for (const opener of document.querySelectorAll("[data-open-enrol]")) {
    opener.addEventListener("click", () => {
      box.open = true;
      box.scrollIntoView({ block: "center" });
      input.focus({ preventScroll: true });
    });
  }

  async function takeCode() {
    const code = codeIn(window.location.hash);
    if (!code) return;
    const { pathname, search } = window.location;
    // Used once, so nothing of it stays in the address and in the browser's history.
    window.history.replaceState(null, "", pathname + search);
    box.open = true;
    box.scrollIntoView({ block: "center" });
    const { device: known } = await device.state();
    if (known && !known.refused) {
      // A link alone does not make another phone of one that is enrolled.
      input.value = code;
      told = [say("enrol_again", { device: known.name })];
      await show();
    } else {
      await want(code);
    }
  }
  window.addEventListener("hashchange", takeCode);

  return { show, takeCode };
}
