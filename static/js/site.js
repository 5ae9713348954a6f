// What every page shares. Pages work without it.

import { beginWithFew } from "./few.js";
import { openTarget, remember } from "./remember.js";
import { outlastSigningIn } from "./written.js";

remember();
beginWithFew();
openTarget();
outlastSigningIn();
window.addEventListener("hashchange", () => openTarget());

// An open menu closes on Escape and on a click elsewhere.
const menus = document.querySelectorAll("details.account, details.menu");

document.addEventListener("click", (event) => {
  for (const menu of menus) {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The server never sees what follows "#" in the address, where the map keeps its
// position, so the form that comes back to this page brings the whole address.
for (const form of document.querySelectorAll("form[data-keep-hash]")) {
  form.addEventListener("submit", () => {
    const { pathname, search, hash } = window.location;
    form.elements.next.value = pathname + search + hash;
  });
}

// The form's page is kept on the phone as it was fetched: when another page shows that
// the language was changed, it is fetched anew, before anybody opens it in the old one.
const { lang } = document.documentElement;
try {
  const before = localStorage.getItem("kept-language");
  if (before !== null && before !== lang)
    navigator.serviceWorker?.controller?.postMessage({ kind: "refresh-page" });
  localStorage.setItem("kept-language", lang);
} catch {
  // A browser that keeps nothing keeps no page either.
}
