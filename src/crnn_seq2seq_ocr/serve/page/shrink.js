// Pictures made smaller in the browser: they arrive sooner, and are not refused.

import { element } from "./card.js";

const MOST_PIXELS = 12e6;
const MOST_BYTES = 6e6;

/** The same picture, smaller where it is larger than what helps to read it. */
export async function small(file, mostPixels = MOST_PIXELS, mostBytes = MOST_BYTES) {
  try {
    const picture = await createImageBitmap(file);
    const pixels = picture.width * picture.height;
    if (pixels <= mostPixels && file.size <= mostBytes) return file;
    return await part(picture, { x: 0, y: 0, width: picture.width, height: picture.height }, file.name, mostPixels);
  } catch {
    return file; // the service says what is wrong with it
  }
}

/** A rectangle of a decoded picture as a file of its own, of at most so many pixels. */
export async function part(picture, { x, y, width, height }, name, mostPixels = MOST_PIXELS) {
  const share = Math.min(1, Math.sqrt(mostPixels / (width * height)));
  const canvas = element("canvas", {
    width: Math.max(1, Math.round(width * share)),
    height: Math.max(1, Math.round(height * share)),
  });
  canvas.getContext("2d").drawImage(picture, x, y, width, height, 0, 0, canvas.width, canvas.height);
  const content = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return new File([content], name || "picture", { type: "image/jpeg" });
}
