// Finding a village or district by name: the combobox pattern of the ARIA guide.

import { h } from "./dom.js";
import { findPlaces, searchKey } from "./words.js";

export function makeSearch(root, { words, onChoose }) {
  const input = root.querySelector("input");
  const list = root.querySelector("[role=listbox]");
  const status = root.querySelector("[role=status]");
  const { texts } = words;
  let places = [];
  let found = [];
  let active = -1;

  function setActive(index) {
    active = index;
    [...list.children].forEach((option, n) => {
      option.setAttribute("aria-selected", String(n === active));
      if (n === active) option.scrollIntoView({ block: "nearest" });
    });
    if (active >= 0) input.setAttribute("aria-activedescendant", list.children[active].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    setActive(-1);
  }

  function choose(place) {
    input.value = place.name;
    status.textContent = "";
    close();
    onChoose(place);
  }

  function update() {
    found = findPlaces(places, input.value);
    if (searchKey(input.value) === "") {
      status.textContent = "";
      close();
      return;
    }
    list.replaceChildren(
      ...found.map((place, n) =>
        h(
          "li",
          {
            id: `place-${n}`,
            role: "option",
            "aria-selected": "false",
            // Before the input loses its focus and the list closes.
            onpointerdown: (event) => {
              event.preventDefault();
              choose(place);
            },
          },
          h("span", {}, place.name),
          h("span", { class: "soft" }, place.detail),
        ),
      ),
    );
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent =
      found.length === 0 ? texts.search_none : words.count("search_count", found.length);
    setActive(-1);
  }

  input.addEventListener("input", update);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const last = found.length - 1;
    if (event.key === "Escape") {
      input.value = "";
      update();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const place = found[Math.max(active, 0)];
      if (place && !list.hidden) choose(place);
    } else if (event.key === "ArrowDown" && !list.hidden) {
      event.preventDefault();
      setActive(active === last ? 0 : active + 1);
    } else if (event.key === "ArrowUp" && !list.hidden) {
      event.preventDefault();
      setActive(active <= 0 ? last : active - 1);
    }
  });

  return {
    setPlaces(next) {
      places = next.map((place) => ({ ...place, key: searchKey(place.name) }));
    },
  };
}
