// What somebody wrote outlasts having to sign in anew: a form that was sent too late is
// filled in again when its page comes back. Kept in this tab alone, until the form is
// sent or the tab shows another page than those on the way.

const KEY = "written";

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function keep(written) {
  try {
    if (written) sessionStorage.setItem(KEY, JSON.stringify(written));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing gives an empty form back.
  }
}

const address = () => window.location.pathname + window.location.search;
const formsOf = (root) => [...root.querySelectorAll('main form[method="post"]')];
const isTicked = (field) => ["checkbox", "radio"].includes(field.type);

/** The fields of `form` that a person fills in; never a secret. */
function fieldsOf(form) {
  return [...form.elements].filter(
    (field) =>
      field.name &&
      field.matches("input, textarea, select:not([multiple])") &&
      !["hidden", "password", "file", "submit", "button"].includes(field.type),
  );
}

/** What stands in `form`: `[name, value, isTicked]` of each field. */
function read(form) {
  return fieldsOf(form).map((field) => [field.name, field.value, field.checked ?? false]);
}

/** Fill `form` with what `read()` gave; what it has no field for is left out. */
function fill(form, fields) {
  const left = [...fields];
  for (const field of fieldsOf(form)) {
    const at = left.findIndex(
      ([name, value]) => name === field.name && (!isTicked(field) || value === field.value),
    );
    if (at < 0) continue;
    const [[, value, isChecked]] = left.splice(at, 1);
    if (isTicked(field)) field.checked = isChecked;
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** Follow the forms of this page, and fill in the one that comes back. */
export function outlastSigningIn(root = document) {
  const written = kept();
  if (root.querySelector("[data-keeps-written]")) {
    if (written) keep({ ...written, isOnTheWay: true });
    return;
  }
  const form = written?.address === address() && formsOf(root)[written.form];
  if (written?.isOnTheWay && form) {
    fill(form, written.fields);
    const notice = root.querySelector("[data-written]");
    notice.hidden = false;
    form.before(notice);
    notice.scrollIntoView({ block: "center" });
  } else {
    keep(null);
  }
  root.addEventListener("submit", (event) => {
    const sent = event.target;
    // What a script sends by itself does not leave the page.
    if (event.defaultPrevented) return;
    const at = formsOf(root).indexOf(sent);
    keep(at < 0 ? null : { address: address(), form: at, fields: read(sent) });
  });
}
