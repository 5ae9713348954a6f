// Ranks again while somebody moves a weight. The page works without it: the form is
// an ordinary one, and this asks the server for the same page.

const form = document.querySelector("[data-ranking-form]");
const status = document.querySelector("[data-ranking-status]");
// Long enough not to ask for every step of a slider.
const PAUSE_MS = 200;
let waiting = 0;
let asking = null;

// Folded away on a phone, so that the ranking is near; open where there is room.
const wide = window.matchMedia("(min-width: 48rem)");
function openWhereWide() {
  if (!wide.matches) return;
  for (const fold of document.querySelectorAll("[data-open-when-wide]")) fold.open = true;
}
openWhereWide();
wide.addEventListener("change", openWhereWide);

if (form) {
  for (const slider of form.querySelectorAll(".weight__slider")) {
    const number = document.getElementById(slider.dataset.for);
    slider.hidden = false;
    slider.addEventListener("input", () => { number.value = slider.value; });
    number.addEventListener("input", () => {
      if (number.checkValidity()) slider.value = number.value;
    });
  }
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(rank, PAUSE_MS);
  });
}

async function rank() {
  if (!form.checkValidity()) return;
  const asked = new URLSearchParams(new FormData(form));
  // Its absence says the same to a page that has it saved otherwise.
  if (!asked.has("confident")) asked.set("confident", "0");
  const ranking = document.getElementById("ranking");
  asking?.abort();
  asking = new AbortController();
  ranking.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${form.action}?${asked}`, { signal: asking.signal });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("ranking");
    if (!fresh) throw new Error("not a ranking");
    ranking.replaceWith(document.adoptNode(fresh));
    window.history.replaceState(null, "", `${form.action}?${fresh.dataset.query}`);
    status.className = "visually-hidden";
    status.textContent = "";
    status.textContent = status.dataset.done;
  } catch (error) {
    if (error.name === "AbortError") return;
    ranking.removeAttribute("aria-busy");
    status.className = "notice notice--error";
    status.textContent = status.dataset.failed;
  }
}
