// Says at once that a file is too large, and that sending takes a while.

const form = document.querySelector("[data-upload]");
const error = form.querySelector("[data-upload-error]");
const file = form.elements.file;

function check() {
  const isTooLarge =
    file.files.length > 0 && file.files[0].size > Number(form.dataset.mostBytes);
  error.textContent = isTooLarge ? form.dataset.tooLarge : "";
  error.hidden = !isTooLarge;
  return !isTooLarge;
}

file.addEventListener("change", check);
form.addEventListener("submit", (event) => {
  if (!check()) {
    event.preventDefault();
    file.focus();
    return;
  }
  const button = form.querySelector("button");
  button.textContent = form.dataset.sending;
  button.disabled = true;
});
// Back from the next page the browser shows this one as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
