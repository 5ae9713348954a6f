// A PDF takes a second or two: the link says so while it is made, and says why when it
// could not be made. Without script the link leads to the PDF as it is.

const fileName = (header) =>
  /filename="([^"]+)"/.exec(header ?? "")?.[1] ?? "kukar-connect.pdf";

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The words of a page that explains a refusal, if it has any. */
async function reason(response) {
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) return "";
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("[data-error]")?.textContent.trim() ?? "";
}

function statusOf(link) {
  let status = link.nextElementSibling;
  if (!status?.matches(".pdf-status")) {
    status = document.createElement("span");
    status.className = "pdf-status";
    status.setAttribute("role", "status");
    link.after(status);
  }
  return status;
}

/** Make and save the PDF that *link* leads to; a second press meanwhile does nothing. */
export async function print(link, address = link.href) {
  if (link.getAttribute("aria-disabled") === "true") return;
  const status = statusOf(link);
  link.setAttribute("aria-disabled", "true");
  status.textContent = link.dataset.busy;
  try {
    const response = await fetch(address);
    const isPdf = response.headers.get("Content-Type") === "application/pdf";
    if (response.ok && isPdf) {
      save(await response.blob(), fileName(response.headers.get("Content-Disposition")));
      status.textContent = "";
    } else {
      status.textContent = (await reason(response)) || link.dataset.failed;
    }
  } catch {
    status.textContent = link.dataset.failed;
  } finally {
    link.removeAttribute("aria-disabled");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-pdf]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  print(link);
});
