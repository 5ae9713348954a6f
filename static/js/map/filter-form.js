// The form that narrows the map, and the sign that it is narrowed.

import { countFilters, NO_FILTERS, readFilters } from "./filters.js";
import { h } from "./dom.js";
import { fill } from "./words.js";

// Typing a number should not ask the map at every key.
const WAIT_MS = 250;

/** `answered()` resolves when what was chosen can be seen; then `onChange(filters)`. */
export function makeFilterForm(form, sign, { words, texts, answered, onChange }) {
  const names = Object.keys(NO_FILTERS);
  const field = (name) => form.elements.namedItem(name);
  const summary = document.getElementById("filters-count");
  const said = sign.querySelector("[data-text]");
  let filters = { ...NO_FILTERS };
  let villages = [];
  let offered = null;
  let timer = null;

  function read() {
    const query = new Map(
      names.map((name) => {
        const input = field(name);
        return input.type === "checkbox"
          ? [name, input.checked ? "" : "off"]
          : [name, input.value];
      }),
    );
    return readFilters(query);
  }

  function options(select, list) {
    const [any] = select.options;
    select.replaceChildren(
      any,
      ...list.map(({ code, name }) => h("option", { value: code }, name)),
    );
  }

  function fillVillages() {
    const { district } = filters;
    if (offered?.villages === villages && offered.district === district) return;
    offered = { villages, district };
    options(
      field("in_village"),
      villages.filter(({ code }) => !district || code.startsWith(district)),
    );
  }

  function show() {
    fillVillages();
    for (const name of names) {
      const input = field(name);
      const value = filters[name];
      if (input.type === "checkbox") input.checked = value === null;
      else {
        const text = value === null ? "" : String(value);
        // What the address names may be none of the choices offered.
        if (input.options && ![...input.options].some((o) => o.value === text))
          input.append(
            h("option", { value: text }, typeof value === "number" ? words.percent(value) : text),
          );
        input.value = text;
      }
    }
    const count = countFilters(filters);
    summary.textContent = count > 0 ? String(count) : "";
    sign.hidden = count === 0;
  }

  async function apply(next) {
    window.clearTimeout(timer);
    filters = next;
    await answered();
    show();
    onChange(filters);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    // Another district: its villages are others.
    if (target.name === "district") field("in_village").value = "";
    apply(read());
  });
  field("min_area").addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => apply(read()), WAIT_MS);
  });
  function clear() {
    apply({ ...NO_FILTERS });
    form.querySelector("select").focus({ preventScroll: true });
  }
  form.querySelector("[data-clear]").addEventListener("click", clear);
  sign.querySelector("button").addEventListener("click", () => {
    apply({ ...NO_FILTERS });
    document.getElementById("map").focus({ preventScroll: true });
  });

  return {
    set(next) {
      filters = next;
      show();
    },
    setPlaces(districts, everyVillage) {
      // Names here are plain letters, for which no language's own order is needed.
      const byName = (a, b) => (a.name < b.name ? -1 : 1);
      villages = [...everyVillage].sort(byName);
      options(field("district"), [...districts].sort(byName));
      show();
    },
    /** Say what the filters leave: blank spots, and what of the demonstration is hidden. */
    tell({ shown, all, hiddenDemo }) {
      const parts = [words.count("filters_on", countFilters(filters))];
      if (all > 0)
        parts.push(
          fill(texts.spots_left, { shown: words.number(shown), all: words.number(all) }),
        );
      if (hiddenDemo > 0)
        parts.push(fill(texts.demo_hidden, { count: words.number(hiddenDemo) }));
      said.textContent = parts.join(" · ");
    },
  };
}
