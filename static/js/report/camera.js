// The form's photo: taken, made small enough for a bad link, and shown before it is saved.

import { readExif } from "./exif.js";

export const WANTED_BYTES = 200_000;
// Tried in this order until it is small enough; the last is taken as it comes out.
const SIZES = [
  { side: 1280, quality: 0.75 },
  { side: 1280, quality: 0.6 },
  { side: 1280, quality: 0.45 },
  { side: 960, quality: 0.45 },
];
// The camera writes its EXIF before the pixels.
const EXIF_BYTES = 256 * 1024;

/** Width and height of *image* when its longer side is at most *side*. */
export function fitted({ width, height }, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

async function load(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function draw(image, { width, height }, quality) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  // What is transparent would be black in a JPEG.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  const blob = await new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
  canvas.width = 0; // gives the memory back at once
  if (!blob) throw new Error("the canvas gave no picture");
  return blob;
}

/** Return the photo of *file* as the store keeps it, or throw where it is no picture. */
async function prepare(file) {
  const told = readExif(await file.slice(0, EXIF_BYTES).arrayBuffer());
  const image = await load(file);
  const { naturalWidth: width, naturalHeight: height } = image;
  let blob;
  let size;
  for (const { side, quality } of SIZES) {
    size = fitted({ width, height }, side);
    blob = await draw(image, size, quality);
    if (blob.size <= WANTED_BYTES) break;
  }
  const bytes = await blob.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { sha256, bytes, size: bytes.byteLength, ...size, told };
}

/**
 * Run the form's photo field.
 *
 * Returns `{ photo(), use(promise), clear() }`. `photo()` resolves, once it is ready, with
 * what the store keeps, or with null; `use` takes one from the store, or the null there.
 */
export function makeCamera({ say }) {
  const one = (selector) => document.querySelector(selector);
  const input = one("[data-photo-input]");
  const take = one("[data-photo-take]");
  const takeText = one("[data-photo-take-text]");
  const shown = one("[data-photo-shown]");
  const image = one("[data-photo-image]");
  const text = one("[data-photo-text]");
  const problem = one("[data-photo-problem]");
  // Resolves with the photo that is being prepared, or that is ready.
  let current = Promise.resolve(null);

  if (!window.crypto?.subtle || !window.isSecureContext) {
    take.hidden = true;
    problem.textContent = say("photo_insecure");
    return { photo: () => current, use() {}, clear() {} };
  }

  function show(photo) {
    URL.revokeObjectURL(image.src);
    shown.hidden = false;
    image.src = URL.createObjectURL(new Blob([photo.bytes], { type: "image/jpeg" }));
    Object.assign(image, { width: photo.width, height: photo.height, hidden: false });
    text.textContent = say("photo_ready", { kb: Math.ceil(photo.size / 1000) });
    takeText.textContent = say("photo_another");
  }

  function clear() {
    URL.revokeObjectURL(image.src);
    image.removeAttribute("src");
    image.hidden = true;
    shown.hidden = true;
    text.textContent = "";
    takeText.textContent = say("photo_take");
    problem.textContent = "";
    current = Promise.resolve(null);
  }

  async function use(promise) {
    current = promise;
    const photo = await promise;
    // Another may have been taken, or this one removed, meanwhile.
    if (photo && current === promise) show(photo);
  }

  input.addEventListener("change", () => {
    const [file] = input.files;
    if (!file) return;
    clear();
    shown.hidden = false;
    text.textContent = say("photo_preparing");
    const mine = prepare(file).catch(() => {
      if (current === mine) {
        clear();
        problem.textContent = say("photo_unreadable");
      }
      return null;
    });
    use(mine);
    // So that the same file can be chosen again.
    input.value = "";
  });
  one("[data-photo-remove]").addEventListener("click", () => {
    clear();
    input.focus();
  });

  return {
    photo: () => current,
    use,
    clear,
  };
}
