// What is chosen: operator and service, layers, and filters.

import { painted } from "./dom.js";
import { makeFilterForm } from "./filter-form.js";
import { countFilters, passesSpot } from "./filters.js";
import { LAYERS } from "./permalink.js";

/** `page` is what main.js puts together. */
export function makeChoice(page) {
  const { shell, controls, view, texts, base, surface, spots, overlays } = page;
  const { loading, setBusy, layerSwitch } = page;
  const isOn = (name) => view.layers.includes(name);

  /**
   * The control says at once what is chosen; what takes longer follows the next frame.
   * The bar has to wait as well: between the two of them lies the map, and a browser
   * without a graphics card draws all of it again.
   */
  async function answered() {
    setBusy("choice", true, { isSeen: false });
    await painted();
    setBusy("choice", false);
  }

  /** Let the controls say what is chosen. */
  function showChoice() {
    controls.querySelector('[name="operator"]').value = view.operator;
    for (const radio of controls.querySelectorAll('[name="service"]')) {
      radio.checked = radio.value === view.service;
    }
    for (const name of LAYERS) {
      const box = layerSwitch(name);
      if (box) box.checked = isOn(name);
    }
    const meanings = texts.meanings[view.service][view.operator === "ANY" ? "any" : "one"];
    for (const element of shell.querySelectorAll("[data-meaning]")) {
      element.textContent = meanings[element.dataset.meaning];
    }
  }

  /** What is computed from demonstration data too goes with it. */
  const isWithoutDemo = () => view.filters.demo === "off" && page.run?.is_demo === true;
  const OF_ALL_REPORTS = ["surface", "unknown", "shares"];
  let wasWithoutDemo = false;

  function followDemo() {
    if (isWithoutDemo() === wasWithoutDemo) return;
    wasWithoutDemo = isWithoutDemo();
    for (const name of OF_ALL_REPORTS) showLayer(name);
    page.notes.remove("demo_hidden");
    if (wasWithoutDemo) page.notes.add("demo_hidden", texts.demo_hidden);
  }

  function showLayer(name) {
    const value = isOn(name) && !(OF_ALL_REPORTS.includes(name) && isWithoutDemo());
    const setters = {
      surface() {
        surface.setShown(value);
        spots.setOverSurface(value);
        page.time.setShown(name, value);
      },
      spots() {
        spots.setShown(value);
        page.time.setShown(name, value);
      },
      unknown() {
        surface.setUnknownShown(value);
        page.time.setShown(name, value);
      },
      shares: () => overlays.shares.setShown(value),
      boundaries: () => base.setVillagesShown(value),
      official: () => overlays.official.setShown(value),
      settlements: () => overlays.settlements.setShown(value),
      facilities: () => overlays.facilities.setShown(value),
      sites: () => overlays.sites.setShown(value),
      evidence: () => overlays.evidence.setShown(value),
      reports: () => overlays.reports.setShown(value),
    };
    for (const more of shell.querySelectorAll(`[data-of-layer~="${name}"]`)) {
      more.hidden = !more.dataset.ofLayer.split(" ").some(isOn);
    }
    return loading(`layer ${name}`, setters[name], () => showLayer(name));
  }

  controls.addEventListener("change", async ({ target }) => {
    if (target.name === "layer") {
      view.layers = LAYERS.filter((name) => layerSwitch(name)?.checked);
      await answered();
      page.remember();
      showLayer(target.value);
    } else if (target.name === "operator" || target.name === "service") {
      view[target.name] = target.value;
      // A blank spot belongs to one layer; in another it is not the same thing.
      view.spot = null;
      if (["spot", "list"].includes(page.panels.kind)) page.panels.hide();
      await answered();
      page.remember();
      showChoice();
      page.shownRun.show({ isAnnounced: true });
      overlays.ask(page.run);
      if (["village", "place"].includes(page.panels.kind)) page.panels.refresh();
    } else return;
    tellFilters();
  });

  // --- filters ---------------------------------------------------------------------

  const filterForm = makeFilterForm(
    document.getElementById("filters"),
    document.getElementById("filter-sign"),
    { words: page.layerWords, texts: texts.layers, answered, onChange: setFilters },
  );

  function tellFilters() {
    followDemo();
    // The sign that says so is hidden, and a number takes long to write the first time.
    if (countFilters(view.filters) === 0) return;
    const all = spots.all;
    const isHidden = view.filters.demo === "off";
    filterForm.tell({
      shown: all.filter((p) => passesSpot(p, view.filters)).length,
      all: all.length,
      hiddenDemo: isHidden
        ? all.filter((p) => p.is_demo).length + overlays.hiddenDemo
        : 0,
    });
  }

  function setFilters(filters) {
    const { district, in_village: village } = view.filters;
    view.filters = filters;
    page.remember();
    applyFilters();
    if (filters.district !== district || filters.in_village !== village) fitFilters();
  }

  /** Show what the filters name. */
  function fitFilters() {
    const { district, in_village: village } = view.filters;
    if (village) page.boundaries.fitVillage(village);
    else if (district) page.boundaries.fitDistrict(district);
  }

  function applyFilters() {
    const passes = (p) => passesSpot(p, view.filters);
    spots.setFilter(passes);
    page.time.setFilter(passes);
    overlays.filter();
    overlays.ask(page.run);
    tellFilters();
    if (page.panels.kind === "list") page.panels.openList({ isRefresh: true });
  }

  return {
    tellFilters,
    fitFilters,
    setPlaces: filterForm.setPlaces,
    start() {
      showChoice();
      filterForm.set(view.filters);
      applyFilters();
      for (const name of LAYERS) {
        if (name !== "boundaries") showLayer(name);
      }
      base.setVillagesShown(isOn("boundaries"));
    },
  };
}
