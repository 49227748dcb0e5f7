// From the network's tokens to a reading, in the form in which the service answers.

const [UNKNOWN, END, SPECIALS] = [3, 2, 4];
const LEAST_ALTERNATIVE = 0.01;

/** The reading of one text. */
export function reading(found, { regions }, description, name) {
  const length = found.lengths.data[0];
  const ids = found.tokens.data.slice(0, length);
  const logProbs = found.log_probs.data.slice(0, length);
  const complete = ids[length - 1] === END;
  const count = complete ? length - 1 : length;
  const characters = ids.slice(0, count).map((id, place) => ({
    text: character(id, description),
    confidence: Math.exp(logProbs[place]),
    ...looked(found.attention, place, description),
    alternatives: alternatives(found, place, id, description),
  }));
  return {
    name,
    text: characters.map(({ text }) => text).join("").normalize("NFC"),
    confidence: Math.exp(logProbs.reduce((sum, each) => sum + each, 0)),
    complete,
    characters,
    attention: attention(found.attention, count, regions),
  };
}

/** Empty for ids that are no character. */
function character(id, { characters }) {
  if (id === UNKNOWN) return "\ufffd";
  return id < SPECIALS ? "" : characters[id - SPECIALS];
}

function alternatives(found, place, chosen, description) {
  const most = found.likely.shape[2];
  return Array.from({ length: most }, (_, rank) => place * most + rank)
    .map((at) => ({ id: found.likely.data[at], confidence: Math.exp(found.likely_log_probs.data[at]) }))
    .filter(({ id, confidence }) => id !== chosen && confidence >= LEAST_ALTERNATIVE)
    .map(({ id, confidence }) => ({ id, text: character(id, description), confidence }))
    .filter(({ id, text }) => text || id === END)
    .map(({ text, confidence }) => ({ text, confidence }));
}

/** The view that was looked at most, and the centre of mass within it. */
function looked({ data, shape: [, , views, rows, columns] }, place, { model }) {
  const grid = (view) => data.subarray((place * views + view) * rows * columns, (place * views + view + 1) * rows * columns);
  const sums = Array.from({ length: views }, (_, view) => grid(view).reduce((sum, weight) => sum + weight, 0));
  const view = sums.indexOf(Math.max(...sums));
  let [x, y] = [0, 0];
  grid(view).forEach((weight, cell) => {
    x += (weight * ((cell % columns) + 0.5)) / columns;
    y += (weight * (Math.floor(cell / columns) + 0.5)) / rows;
  });
  const total = sums[view] || 1;
  return { view: model.encoder.views === "channels" ? undefined : view, x: x / total, y: y / total };
}

/** Grids of bytes in base64, 255 the brightest cell of each character. */
function attention({ data, shape: [, , views, rows, columns] }, count, regions) {
  const size = views * rows * columns;
  const grids = Array.from({ length: count }, (_, place) => {
    const weights = data.subarray(place * size, (place + 1) * size);
    const brightest = Math.max(...weights, 1e-12);
    return btoa(String.fromCharCode(...weights.map((weight) => Math.round((255 * weight) / brightest))));
  });
  return { rows, columns, views, grids, regions: views === 1 ? regions : regions.slice(0, views) };
}
