// Finding a place by name or coordinates: the combobox pattern of the ARIA guide.
// Villages and districts are here already; the server knows settlements, facilities,
// sites, and how else a village is spelled.

import { coordinatesText, parseCoordinates } from "./coordinates.js";
import { h } from "./dom.js";
import { fill, findPlaces, searchKey } from "./words.js";

// While somebody types, the server is not asked.
const PAUSE_MS = 180;
const LEAST_LETTERS = 2;
const GROUPS = ["coordinates", "village", "district", "settlement", "facility", "site"];

/** `findRemote(typed, signal)` answers a list as the server's search has it. */
export function makeSearch(root, { words, onChoose, findRemote }) {
  const input = root.querySelector("input");
  const list = root.querySelector("[role=listbox]");
  const status = root.querySelector("[role=status]");
  const { texts } = words;
  const own = texts.finding;
  let places = [];
  let found = [];
  let active = -1;
  let asking = null;
  let isChosenWhenHere = false;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function setActive(index) {
    active = index;
    options().forEach((option, n) => {
      option.setAttribute("aria-selected", String(n === active));
      if (n === active) option.scrollIntoView({ block: "nearest" });
    });
    if (active >= 0) input.setAttribute("aria-activedescendant", options()[active].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    setActive(-1);
  }

  function stopAsking() {
    asking?.abort();
    asking = null;
    isChosenWhenHere = false;
  }

  function choose(place) {
    stopAsking();
    input.value = place.name;
    status.textContent = "";
    close();
    onChoose(place);
  }

  const title = ({ name, also }) =>
    also?.length > 0 ? fill(own.also, { name, names: also.join(", ") }) : name;

  const optionOf = (place, n) =>
    h(
      "div",
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
      h("span", {}, title(place)),
      place.isDemo === true && h("span", { class: "tag tag--demo" }, texts.demo_mark),
      h("span", { class: "soft" }, place.detail),
    );

  function show({ isWhole, note = null }) {
    const groups = GROUPS.map((group) => ({
      group,
      members: found.filter((place) => place.group === group),
    })).filter(({ members }) => members.length > 0);
    found = groups.flatMap(({ members }) => members);
    let n = 0;
    list.replaceChildren(
      ...groups.map(({ group, members }) =>
        h(
          "div",
          { role: "group", "aria-labelledby": `group-${group}` },
          h("span", { id: `group-${group}`, class: "search__group" }, own.groups[group]),
          members.map((place) => {
            n += 1;
            return optionOf(place, n - 1);
          }),
        ),
      ),
    );
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length > 0) status.textContent = words.count("search_count", found.length);
    else if (isWhole) status.textContent = note ?? own.search_none;
    if (note) status.textContent = note;
    setActive(-1);
  }

  function detailOf({ group, kind, within }) {
    if (group === "village") return fill(texts.district_name, { name: within });
    const kinds =
      group === "settlement"
        ? own.settlement_kind
        : group === "facility"
          ? texts.facility
          : own.site_kind;
    const name = kinds[kind] ?? kind;
    return within ? fill(own.in_village, { kind: name, village: within }) : name;
  }

  /** What the server found, with villages that are here already only completed. */
  function merge(results) {
    const merged = [...found];
    for (const one of results) {
      const known = merged.findIndex(
        ({ group, code }) => group === "village" && one.group === "village" && code === one.id,
      );
      const place = {
        group: one.group,
        name: one.name,
        also: one.also,
        detail: detailOf(one),
        isDemo: one.is_demo,
        ...(one.group === "village" ? { code: one.id } : { lonLat: [one.lon, one.lat] }),
      };
      if (known >= 0) merged[known] = { ...merged[known], also: one.also };
      else merged.push(place);
    }
    return merged;
  }

  async function askServer(typed) {
    stopAsking();
    if (searchKey(typed).length < LEAST_LETTERS || parseCoordinates(typed)) {
      show({ isWhole: true });
      return;
    }
    const mine = new AbortController();
    asking = mine;
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
    if (mine.signal.aborted) return;
    let note = null;
    try {
      const results = await findRemote(typed, mine.signal);
      if (mine.signal.aborted) return;
      found = merge(results);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!error.key) throw error;
      note = own.search_unreachable;
    }
    asking = null;
    const kept = active;
    show({ isWhole: true, note });
    if (isChosenWhenHere && found.length > 0) choose(found[0]);
    // Names that came later stand below, so what was marked is still where it was.
    else if (kept >= 0 && kept < found.length) setActive(kept);
    isChosenWhenHere = false;
  }

  function update() {
    const typed = input.value;
    if (searchKey(typed) === "") {
      stopAsking();
      // Signs alone, as an emoji, are no name.
      status.textContent = typed.trim() === "" ? "" : own.search_none;
      close();
      return;
    }
    const lonLat = parseCoordinates(typed);
    found = lonLat
      ? [
          {
            group: "coordinates",
            name: coordinatesText(lonLat, { number: words.number, fill, texts: own }),
            detail: "",
            lonLat,
          },
        ]
      : findPlaces(places, typed);
    status.textContent = "";
    show({ isWhole: false });
    askServer(typed);
  }

  input.addEventListener("input", update);
  input.addEventListener("blur", () => {
    stopAsking();
    close();
  });
  input.addEventListener("keydown", (event) => {
    const last = found.length - 1;
    if (event.key === "Escape") {
      input.value = "";
      update();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const place = found[Math.max(active, 0)];
      if (place && !list.hidden) choose(place);
      else if (asking) isChosenWhenHere = true;
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
