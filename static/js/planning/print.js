// The button that prints; without script the browser's own does.

for (const button of document.querySelectorAll("[data-print]"))
  button.addEventListener("click", () => window.print());
