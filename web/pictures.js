// From files to the network's pixels, as the package's data/pictures.py, data/views.py and data/transforms.py do it.
// A picture is { width, height, data }: RGB, three bytes a pixel, row by row.

const NARROW = 3 / 4; // a picture narrower than this share of views x height is one view
const SMALLEST = 32; // smaller views are taken as real
const MIDDLE = 127.5;

/** A file upright, transparent parts on white. */
export async function decode(file) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from];
    data[to++] = rgba[from + 1];
    data[to++] = rgba[from + 2];
  }
  return { width, height, data };
}

/** The network's input: pixels uint8 of shape (1, V, 3, H, W), the mask of the views, and where each view lies. */
export function prepare(pictures, { preprocessing, model }) {
  const { views: most, height, width } = preprocessing;
  const cut = pictures.length === 1 ? split(pictures[0], most) : pictures;
  const real = pictures.length === 1 && cut.length > 1 ? realViews(cut) : cut.length;
  const strip = pictures.length === 1 && cut.length === most && preprocessing.resize === "stretch";
  const placed = strip ? parts(resize(pictures[0], most * width, height), most) : cut.map((view) => place(view, preprocessing));
  // A model that lays the views over each other wants all of them, missing ones in black.
  const count = model.encoder.views === "channels" ? most : real;
  const size = 3 * placed[0].width * placed[0].height;
  const pixels = new Uint8Array(count * size);
  placed.slice(0, count).forEach((view, number) => pixels.set(planes(view), number * size));
  return {
    pixels,
    shape: [1, count, 3, placed[0].height, placed[0].width],
    mask: Uint8Array.from({ length: count }, (_, view) => (view < real ? 1 : 0)),
    regions: regions(pictures, cut, preprocessing),
  };
}

/** The views of a strip, left to right; a picture that is too narrow for one is a view by itself. */
function split(picture, views) {
  if (views === 1 || picture.width < NARROW * views * picture.height) return [picture];
  return parts(picture, views);
}

function parts(picture, count) {
  const cuts = Array.from({ length: count + 1 }, (_, part) => rounded((part * picture.width) / count));
  return cuts.slice(1).map((right, part) => crop(picture, cuts[part], right));
}

function crop({ width, height, data }, left, right) {
  const cropped = new Uint8Array(3 * (right - left) * height);
  for (let y = 0; y < height; y += 1) {
    cropped.set(data.subarray(3 * (y * width + left), 3 * (y * width + right)), 3 * y * (right - left));
  }
  return { width: right - left, height, data: cropped };
}

/** All views but the noise that fills missing ones, which are the last. */
function realViews(views) {
  let count = views.length;
  while (count > 1 && isNoise(views[count - 1])) count -= 1;
  return count;
}

function isNoise(view) {
  const { width, height } = view;
  if (Math.min(width, height) < SMALLEST) return false;
  const deviations = [0, 1, 2].map((channel) => moments(view.data, channel, 3));
  const least = Math.min(...deviations.map(({ deviation }) => deviation));
  if (deviations.some(({ mean }) => Math.abs(mean - MIDDLE) > 6) || least < 18) return false;
  const blocks = resize(view, Math.min(Math.floor(width / 8), 10), Math.min(Math.floor(height / 8), 10), area).data;
  return blocks.every((value) => Math.abs(value - MIDDLE) <= 36) && moments(blocks, 0, 1).deviation < least / 2;
}

function moments(data, first, step) {
  let [sum, squares, count] = [0, 0, 0];
  for (let place = first; place < data.length; place += step) {
    sum += data[place];
    squares += data[place] ** 2;
    count += 1;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(squares / count - mean ** 2, 0)) };
}

/** [width, height] that a view takes up of the network's size. */
function innerSize(view, { width, height, resize: kind }) {
  if (kind === "stretch") return [width, height];
  const most = (size, limit) => Math.min(limit, Math.max(1, rounded(size)));
  if (kind === "fit") return [most((view.width * height) / view.height, width), height];
  const scale = Math.min(height / view.height, width / view.width);
  return [most(view.width * scale, width), most(view.height * scale, height)];
}

function outerSize([inner], { width, height, resize: kind, width_step: step }) {
  return [kind === "fit" ? Math.ceil(inner / step) * step : width, height];
}

function place(view, preprocessing) {
  const inner = innerSize(view, preprocessing);
  return fill(resize(view, ...inner), ...outerSize(inner, preprocessing));
}

/** The view with its missing right columns or bottom rows in the median colour of the edge beside them. */
function fill(view, width, height) {
  if (view.width === width && view.height === height) return view;
  const data = new Uint8Array(3 * width * height);
  const right = median(view, (at) => at % view.width === view.width - 1);
  const bottom = median(view, (at) => at >= view.width * (view.height - 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 3 * (y * view.width + x);
      const inside = x < view.width && y < view.height;
      const colour = inside ? view.data.subarray(from, from + 3) : y < view.height ? right : bottom;
      data.set(colour, 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

function median({ width, height, data }, chosen) {
  const places = Array.from({ length: width * height }, (_, at) => at).filter(chosen);
  return [0, 1, 2].map((channel) => {
    const values = places.map((at) => data[3 * at + channel]).sort((a, b) => a - b);
    return Math.floor((values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2);
  });
}

/** Stretched to a size; what shrinks to less than half is first averaged down to twice the size. */
function resize(picture, width, height, kernel = null) {
  if (kernel) return stretched(picture, width, height, kernel);
  const [halfWidth, halfHeight] = [Math.min(picture.width, 2 * width), Math.min(picture.height, 2 * height)];
  const smaller = halfWidth !== picture.width || halfHeight !== picture.height;
  return stretched(smaller ? stretched(picture, halfWidth, halfHeight, area) : picture, width, height, linear);
}

/** First along the rows, then along the columns: a kernel gives for each new pixel the old ones and their weights. */
function stretched({ width, height, data }, newWidth, newHeight, kernel) {
  const across = new Float32Array(3 * newWidth * height);
  kernel(width, newWidth).forEach((weights, x) => {
    for (let y = 0; y < height; y += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 0;
        for (const [from, weight] of weights) sum += weight * data[3 * (y * width + from) + channel];
        across[3 * (y * newWidth + x) + channel] = sum;
      }
    }
  });
  const found = new Uint8Array(3 * newWidth * newHeight);
  const row = 3 * newWidth;
  kernel(height, newHeight).forEach((weights, y) => {
    for (let at = 0; at < row; at += 1) {
      let sum = 0;
      for (const [from, weight] of weights) sum += weight * across[from * row + at];
      found[y * row + at] = Math.floor(sum + 0.5);
    }
  });
  return { width: newWidth, height: newHeight, data: found };
}

/** The two pixels whose centres lie beside that of the new one. */
function linear(from, to) {
  return Array.from({ length: to }, (_, place) => {
    const centre = Math.min(Math.max(((place + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.min(Math.floor(centre), from - 1);
    const share = centre - first;
    return share ? [[first, 1 - share], [first + 1, share]] : [[first, 1]];
  });
}

/** All pixels that the new one covers, by how much of them. */
function area(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const [left, right] = [place * scale, (place + 1) * scale];
    const weights = [];
    for (let pixel = Math.floor(left); pixel < Math.min(Math.ceil(right), from); pixel += 1) {
      weights.push([pixel, (Math.min(right, pixel + 1) - Math.max(left, pixel)) / scale]);
    }
    return weights;
  });
}

/** The planes of red, green and blue one after the other. */
function planes({ width, height, data }) {
  const size = width * height;
  const found = new Uint8Array(3 * size);
  for (let at = 0; at < size; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) found[channel * size + at] = data[3 * at + channel];
  }
  return found;
}

/** Where each view lies in its picture, as shares of it; beyond 0 to 1 is filling. */
function regions(pictures, views, preprocessing) {
  let left = 0;
  return views.map((view, number) => {
    const inner = innerSize(view, preprocessing);
    const outer = outerSize(inner, preprocessing);
    const share = pictures.length === 1 ? view.width / pictures[0].width : 1;
    const region = {
      picture: pictures.length === 1 ? 0 : number,
      left: pictures.length === 1 ? left : 0,
      top: 0,
      width: (share * outer[0]) / inner[0],
      height: outer[1] / inner[1],
    };
    left += share;
    return region;
  });
}

/** To the nearest whole number; of two that are as near, the even one, as Python does. */
function rounded(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}
