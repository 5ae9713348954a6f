// On a phone, where each row of a table is a card, a long table marked `data-few` begins
// with its first rows; a button shows the others. `coverage.css` hides them there.

const FEW = 5;

export function beginWithFew(root = document) {
  for (const table of root.querySelectorAll("table[data-few]")) {
    const { rows } = table.tBodies[0];
    // A button for one or two rows would be as long as they are.
    if (rows.length <= FEW + 2) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet few__all";
    button.textContent = table.dataset.few;
    const caption = document.createElement("span");
    caption.className = "visually-hidden";
    caption.textContent = `: ${table.caption.textContent}`;
    button.append(caption);
    button.addEventListener("click", () => {
      table.classList.remove("stack--few");
      button.remove();
      const next = rows[FEW].querySelector("a, th");
      if (next.matches("th")) next.tabIndex = -1;
      next.focus();
    });
    table.classList.add("stack--few");
    table.parentElement.after(button);
  }
}
