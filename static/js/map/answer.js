// What lies at a point, in words. The server words it (coverage/web/answer.py); here it
// is shown.

import { h, swatch } from "./dom.js";
import { fill } from "./words.js";

/**
 * Return a function that makes the element for one question and fills it when answered:
 * `{ element, isHere }`, the latter resolving then.
 */
export function makeAnswer({ api, texts, services }) {
  function operators({ answer, service }, isAtPoint) {
    if (answer.operators.length === 0) return null;
    return h(
      "details",
      { class: "answer__operators", open: true },
      h(
        "summary",
        {},
        fill(isAtPoint ? texts.answer_operators : texts.answer_operators_spot, {
          service: services[service],
        }),
      ),
      h(
        "ul",
        {},
        answer.operators.map(({ name, state, text }) =>
          h("li", {}, swatch(state), h("span", {}, h("strong", {}, name), " ", text)),
        ),
      ),
    );
  }

  return function ask({ run, operator, service, spot = null, at = null }) {
    const element = h("section", {
      class: "answer",
      "aria-label": texts.answer_label,
      "aria-live": "polite",
      "aria-busy": "true",
    });
    const query = { run, operator, service, spot, lon: at?.[0], lat: at?.[1] };
    const isHere = api
      .get("coverage/at/", query)
      .then(
        (found) => [
          h("p", { class: "answer__text" }, found.answer.text),
          operators(found, at !== null),
        ],
        (error) => {
          if (!error.key) throw error;
          return [h("p", { class: "soft" }, texts.answer_failed)];
        },
      )
      .then((content) => {
        element.replaceChildren(...content.filter(Boolean));
        element.setAttribute("aria-busy", "false");
      });
    return { element, isHere };
  };
}
