// Draws where the model looked: bright and warm where it did, dark where it did not.

const DARK = 0.62;
const WARM = [255, 150, 20, 0.55];

/** The grids of all characters as arrays of bytes, views x rows x columns each. */
export function decode(attention) {
  return attention.grids.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
}

/** Draws one character's grid on the canvases that lie over the pictures. */
export function draw(canvases, attention, grid) {
  for (const canvas of canvases) prepare(canvas);
  const size = attention.rows * attention.columns;
  const brightest = brightestView(attention, grid, size);
  attention.regions.forEach((region, view) => {
    // One grid for several views: the model lays them over each other.
    const own = attention.views === 1 ? 0 : view;
    const canvas = canvases[region.picture];
    const place = placed(canvas, region);
    const context = canvas.getContext("2d");
    context.save();
    context.beginPath();
    context.rect(...place);
    context.clip();
    context.clearRect(...place);
    spread(context, light(attention, grid.subarray(own * size, (own + 1) * size)), place);
    context.restore();
    if (attention.regions.length > 1 && view === brightest) frame(context, place);
  });
}

function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  const context = canvas.getContext("2d");
  context.fillStyle = `rgba(0, 0, 0, ${DARK})`;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

function placed(canvas, region) {
  const { width, height } = canvas;
  return [region.left * width, region.top * height, region.width * width, region.height * height];
}

function brightestView(attention, grid, size) {
  if (attention.views === 1) return -1;
  const sums = attention.regions.map((_, view) => grid.subarray(view * size, (view + 1) * size).reduce((a, b) => a + b, 0));
  return sums.indexOf(Math.max(...sums));
}

/** A small picture of one pixel a cell, between dark and warm, with one more row of cells on every side. */
function light({ rows, columns }, cells) {
  const small = document.createElement("canvas");
  small.width = columns + 2;
  small.height = rows + 2;
  const context = small.getContext("2d");
  const image = context.createImageData(small.width, small.height);
  for (let y = 0; y < small.height; y += 1) {
    for (let x = 0; x < small.width; x += 1) {
      const cell = cells[within(y - 1, rows) * columns + within(x - 1, columns)];
      image.data.set(colour((cell / 255) ** 0.75), 4 * (y * small.width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return small;
}

function within(place, count) {
  return Math.min(Math.max(place, 0), count - 1);
}

function colour(share) {
  const [red, green, blue, most] = WARM;
  const alpha = DARK * (1 - share) + most * share;
  return [red, green, blue].map((part) => (part * most * share) / alpha).concat(255 * alpha);
}

/** The small picture over the whole place, smoothly: its additional cells lie outside. */
function spread(context, small, [left, top, width, height]) {
  const [cellWidth, cellHeight] = [width / (small.width - 2), height / (small.height - 2)];
  context.imageSmoothingQuality = "high";
  context.drawImage(small, left - cellWidth, top - cellHeight, width + 2 * cellWidth, height + 2 * cellHeight);
}

function frame(context, [left, top, width, height]) {
  const line = 3 * (window.devicePixelRatio || 1);
  context.strokeStyle = "rgb(255, 170, 60)";
  context.lineWidth = line;
  context.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
}
