// A part of a picture cut out by hand: a rectangle drawn with a finger or the mouse, or moved with the arrow keys.

import { element } from "./card.js";
import { part } from "./shrink.js";

const LEAST = 6; // pixels on the screen: less was a click
const STEP = 0.02;

/**
 * The button that begins and ends cutting. While it is pressed a rectangle can be drawn over the picture; it ends with
 * a file of what is inside, in the picture's own pixels.
 */
export function cutButton(figure, file, done) {
  const button = element("button", { type: "button", textContent: "Cut out a part" });
  let layer = null;
  const end = () => {
    layer?.remove();
    layer = null;
    button.setAttribute("aria-pressed", "false");
  };
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    if (layer) return end();
    button.setAttribute("aria-pressed", "true");
    layer = cuttingLayer(async (shares) => {
      end();
      button.focus();
      done(await cutOut(file, shares));
    }, end);
    figure.append(layer);
    layer.focus({ preventScroll: true });
    figure.scrollIntoView({ block: "nearest" });
  });
  return button;
}

async function cutOut(file, [left, top, right, bottom]) {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  const inside = { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
  return part(picture, inside, `part of ${file.name || "picture"}`);
}

/** The layer over a picture on which a rectangle is drawn, given as shares of its width and height. */
function cuttingLayer(cut, leave) {
  const frame = element("div", { className: "frame" });
  const layer = element("div", { className: "cutting", tabIndex: 0 }, frame);
  layer.setAttribute("role", "application");
  layer.setAttribute(
    "aria-label",
    "Draw a rectangle around one text. With the keyboard: arrow keys move it, with Shift they change its size, Enter cuts, Escape ends",
  );
  let shares = [0.25, 0.4, 0.75, 0.6];
  let from = null;
  const place = () => {
    const [left, top, right, bottom] = shares.map((share) => 100 * share);
    Object.assign(frame.style, { left: `${left}%`, top: `${top}%`, right: `${100 - right}%`, bottom: `${100 - bottom}%` });
  };
  const at = (event) => {
    const { left, top, width, height } = layer.getBoundingClientRect();
    const inside = (share) => Math.min(Math.max(share, 0), 1);
    return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
  };
  layer.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    layer.setPointerCapture(event.pointerId);
    from = at(event);
  });
  layer.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    shares = [0, 1].map((axis) => Math.min(from[axis], to[axis])).concat([0, 1].map((axis) => Math.max(from[axis], to[axis])));
    place();
  });
  layer.addEventListener("pointerup", () => {
    if (!from) return;
    from = null;
    const { width, height } = frame.getBoundingClientRect();
    if (width >= LEAST && height >= LEAST) cut(shares);
  });
  layer.addEventListener("pointercancel", () => (from = null));
  layer.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (event.key === "Enter") cut(shares);
    else if (event.key === "Escape") leave();
    else if (x || y) shares = event.shiftKey ? resized(shares, x, y) : moved(shares, x, y);
    else return;
    event.preventDefault();
    place();
  });
  place();
  return layer;
}

function moved([left, top, right, bottom], x, y) {
  const across = Math.min(Math.max(x * STEP, -left), 1 - right);
  const down = Math.min(Math.max(y * STEP, -top), 1 - bottom);
  return [left + across, top + down, right + across, bottom + down];
}

function resized([left, top, right, bottom], x, y) {
  const inside = (share, least) => Math.min(Math.max(share, least + STEP), 1);
  return [left, top, inside(right + x * STEP, left), inside(bottom + y * STEP, top)];
}
