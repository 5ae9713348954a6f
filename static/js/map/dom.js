// Building elements without writing HTML into strings, and when to do what.

// For browsers that cannot be told what is less urgent.
const LATER_MS = 200;

/** h("p", {class: "soft"}, "text", child, null) → <p class="soft">text…</p> */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false));
  return element;
}

/** Resolves when what was changed so far is on the screen, so that it is not held up. */
export const painted = () =>
  new Promise((done) => {
    // A page that nobody sees gets no frames.
    if (document.hidden) done();
    else window.requestAnimationFrame(() => window.setTimeout(done));
  });

/** Resolves soon: between two pieces of long work, so that nobody waits for both. */
export const pause = () =>
  window.scheduler?.yield
    ? window.scheduler.yield()
    : new Promise((done) => window.setTimeout(done));

/** Do `work` once nothing is left to do that somebody waits for. */
export function later(work) {
  if (window.scheduler?.postTask) window.scheduler.postTask(work, { priority: "background" });
  else window.setTimeout(work, LATER_MS);
}

export const swatch = (state) =>
  h("span", { class: `swatch swatch--${state}`, "aria-hidden": "true" });
