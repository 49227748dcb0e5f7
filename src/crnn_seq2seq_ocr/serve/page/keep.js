// What is kept until the tab is closed: the key and the readings, in the browser's storage for this tab.

import { small } from "./shrink.js";

const KEY = "crnn-ocr key";
const READINGS = "crnn-ocr readings";
const MOST = 3e6; // characters of all readings: browsers keep about five million
const SHOWN_PIXELS = 6e5; // of a picture that is kept to be shown again

/** What the storage holds under a name; null where the browser keeps nothing. */
function stored(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

function store(name, text) {
  try {
    if (text) sessionStorage.setItem(name, text);
    else sessionStorage.removeItem(name);
  } catch {
    // the browser keeps nothing: the page works without
  }
}

export const keptKey = () => stored(KEY) ?? "";
export const keepKey = (key) => store(KEY, key);

/** Keeps the newest readings that find room; cards from the newest to the oldest. */
export async function keepReadings(cards) {
  const kept = [];
  let length = 0;
  for (const card of cards) {
    if (!card.reading && !card.page) continue;
    const { name, reading, page } = card;
    card.shown ??= Promise.all(card.files.map(content));
    const text = JSON.stringify({ name, reading, page, files: await card.shown });
    length += text.length;
    if (length > MOST) break;
    kept.push(text);
  }
  store(READINGS, kept.length ? `[${kept.join(",")}]` : "");
}

/** The kept readings, each with its name, what was read, and its pictures as files. */
export function keptReadings() {
  try {
    const found = JSON.parse(stored(READINGS) ?? "[]");
    return found.map((each) => ({ ...each, files: each.files.map(fileOf) }));
  } catch {
    return [];
  }
}

/** A picture as plain text: small ones as they are, large ones smaller. */
async function content(file) {
  const shown = await small(file, SHOWN_PIXELS, 3e5);
  const bytes = new Uint8Array(await shown.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { name: file.name, type: shown.type, content: btoa(letters) };
}

function fileOf({ name, type, content }) {
  return new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name, { type });
}
