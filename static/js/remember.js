// What a reader has unfolded or ticked stays so on this device: `data-remember` names it.

const PREFIX = "kept:";

function kept(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // A browser that keeps nothing shows the page as it came.
  }
}

/** Give everything in `root` that has a memory the state it had, and follow it. */
export function remember(root = document) {
  for (const element of root.querySelectorAll("[data-remember]")) {
    const isFold = element instanceof HTMLDetailsElement;
    const property = isFold ? "open" : "checked";
    const name = element.dataset.remember;
    const value = kept(name);
    if (value !== null) element[property] = value === "1";
    element.addEventListener(isFold ? "toggle" : "change", () =>
      keep(name, element[property] ? "1" : "0"),
    );
  }
}

/** Unfold what holds the part of the page that the address names. */
export function openTarget(root = document) {
  const id = decodeURIComponent(window.location.hash.slice(1));
  const target = id ? root.getElementById(id) : null;
  const fold = target?.closest("details");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
}
