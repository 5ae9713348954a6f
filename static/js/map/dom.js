// Building elements without writing HTML into strings.

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

export const swatch = (state) =>
  h("span", { class: `swatch swatch--${state}`, "aria-hidden": "true" });
