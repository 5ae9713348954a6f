// The controls on a narrow screen: a drawer that a button opens.

/** Return what opens or closes the drawer. */
export function wireDrawer(controls, toggle) {
  function setDrawer(isOpen) {
    controls.classList.toggle("is-open", isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
  }
  toggle.addEventListener("click", () =>
    setDrawer(toggle.getAttribute("aria-expanded") !== "true"),
  );
  controls.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && controls.classList.contains("is-open")) {
      setDrawer(false);
      toggle.focus();
    }
  });
  // What has the focus next would lie under it.
  controls.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !controls.contains(relatedTarget)) setDrawer(false);
  });
  return setDrawer;
}
