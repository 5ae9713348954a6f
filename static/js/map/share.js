// A link to what is seen, and the HTML for a page of another site.

const EMBED_SIZE = { width: 800, height: 600 };

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The HTML of a frame that shows the map at `address`. */
export const frameCode = (address, title) =>
  `<iframe src="${escaped(address)}" title="${escaped(title)}" ` +
  `width="${EMBED_SIZE.width}" height="${EMBED_SIZE.height}" loading="lazy"></iframe>`;

async function copy(field) {
  field.select();
  try {
    // Only a site with https may do it this way.
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

/** Return what opens the dialog; `tail()` is what the address has after its path. */
export function makeShare(dialog, { texts, mapUrl, embedUrl, tail }) {
  const link = dialog.querySelector("#share-link");
  const code = dialog.querySelector("#share-embed");
  const status = dialog.querySelector("[data-status]");
  const send = dialog.querySelector("[data-send]");
  send.hidden = !navigator.share;

  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  for (const button of dialog.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const isCopied = await copy(dialog.querySelector(`#${button.dataset.copy}`));
      status.textContent = isCopied ? texts.share_copied : texts.share_not_copied;
    });
  }
  send.addEventListener("click", async () => {
    try {
      await navigator.share({ title: texts.share_title, url: link.value });
    } catch (error) {
      // Whoever closes the list of apps without choosing one has nothing to be told.
      if (error.name !== "AbortError") status.textContent = texts.share_not_copied;
    }
  });

  return function share() {
    status.textContent = "";
    link.value = mapUrl + tail();
    if (code) code.value = frameCode(embedUrl + tail(), texts.share_title);
    dialog.showModal();
    link.select();
  };
}
