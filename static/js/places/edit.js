// A pin for the position in the form: dragged, tapped, moved by keys, or written.

import { toLatLng, toLonLat } from "../map/lonlat.js";
import { drawLand, makePlaceMap } from "./land.js";
import { readDegrees, stepped } from "./position.js";

const { L } = window;
// The regency, until a village or a position is chosen.
const REGENCY = [toLatLng([115.2, -1.2]), toLatLng([117.7, 1.6])];
const PIN_PX = 30;
const STEP_PX = 10;
const NEAR_ZOOM = 14;
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const form = document.querySelector("[data-place-form]");
const box = document.querySelector("[data-place-map]");
const said = document.querySelector("[data-place-said]");
const { lon: lonField, lat: latField, village: villageField } = form.elements;

function start() {
  box.hidden = false;
  document.querySelector("[data-place-help]").hidden = false;
  const map = makePlaceMap(box);
  map.fitBounds(REGENCY);
  let land = null;
  let marker = null;

  function say([lon, lat]) {
    said.textContent = box.dataset.said
      .replace("{lat}", lat.toFixed(5))
      .replace("{lon}", lon.toFixed(5));
  }

  function write(lonLat) {
    lonField.value = lonLat[0].toFixed(6);
    latField.value = lonLat[1].toFixed(6);
    say(lonLat);
  }

  function onKey(event) {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const at = map.latLngToContainerPoint(marker.getLatLng());
    marker.setLatLng(map.containerPointToLatLng(stepped(at, move, STEP_PX)));
    map.panInside(marker.getLatLng(), { padding: [PIN_PX, PIN_PX], animate: false });
    write(toLonLat(marker.getLatLng()));
  }

  function place(lonLat) {
    if (marker) {
      marker.setLatLng(toLatLng(lonLat));
      return;
    }
    const pin = document.createElement("span");
    pin.className = "place-pin";
    marker = L.marker(toLatLng(lonLat), {
      draggable: true,
      autoPan: true,
      icon: L.divIcon({ className: "place-mark", html: pin, iconSize: [PIN_PX, PIN_PX] }),
    }).addTo(map);
    marker.on("drag", () => write(toLonLat(marker.getLatLng())));
    const element = marker.getElement();
    element.setAttribute("aria-label", box.dataset.pin);
    element.addEventListener("keydown", onKey);
  }

  map.on("click", (event) => {
    place(toLonLat(event.latlng));
    write(toLonLat(event.latlng));
  });

  function followFields() {
    const lonLat = readDegrees(lonField.value, latField.value);
    if (!lonLat) return;
    place(lonLat);
    map.setView(toLatLng(lonLat), Math.max(map.getZoom(), NEAR_ZOOM), {
      animate: false,
    });
    say(lonLat);
  }
  lonField.addEventListener("change", followFields);
  latField.addEventListener("change", followFields);

  let asked = 0;
  async function followVillage(mayMove) {
    const code = villageField.value;
    asked += 1;
    const own = asked;
    const url = code
      ? `${box.dataset.outlines}?kecamatan=${encodeURIComponent(code.slice(0, 8))}`
      : box.dataset.districts;
    const drawn = await drawLand(map, url, code);
    if (own !== asked) {
      drawn.layer.remove();
      return;
    }
    land?.remove();
    land = drawn.layer;
    if (mayMove && code && drawn.bounds.isValid())
      map.fitBounds(drawn.bounds, { animate: false });
  }
  villageField.addEventListener("change", () => followVillage(true).catch(() => {}));

  const known = readDegrees(lonField.value, latField.value);
  if (known) {
    place(known);
    map.setView(toLatLng(known), NEAR_ZOOM, { animate: false });
  }
  followVillage(!known).catch(() => {});
}

if (box && L) start();
