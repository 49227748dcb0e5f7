// Talks to the service: one request for each text, a few at a time, patient when it is busy. Addresses are relative to
// the page, which a proxy may show under a path of its own.

export const PROMISE = "Pictures go to this service and nowhere else; it keeps none.";
export const HAS_INTERFACE = true;

const AT_ONCE = 4;
const MOST_TRIES = 5;

let key = "";
let running = 0;
const waiting = [];

/** What was wrong, as a sentence; `code` is the service's word for it. */
export class Problem extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

export function useKey(text) {
  key = text;
}

export async function models() {
  return (await ask("v1/models", {})).models;
}

/** The reading of one text from one file, or from several views of it. */
export async function read(files) {
  await turn();
  try {
    const form = new FormData();
    for (const file of files) form.append("picture", file, file.name || "picture");
    form.append("views", "true");
    form.append("detail", "attention");
    return (await ask("v1/read", { method: "POST", body: form })).readings[0];
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** The text of a whole photograph, with the place of every line. */
export async function readPage(file) {
  return (await askForPage(file, "json")).pages[0];
}

/** The same as the content of a file, in one of the service's forms. */
export function pageFile(file, form) {
  return askForPage(file, form);
}

async function askForPage(file, kind) {
  await turn();
  try {
    const form = new FormData();
    form.append("picture", file, file.name || "picture");
    return await ask(`v1/pages?form=${kind}`, { method: "POST", body: form });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function turn() {
  while (running >= AT_ONCE) await new Promise((go) => waiting.push(go));
  running += 1;
}

async function ask(path, options) {
  for (let tries = 1; ; tries += 1) {
    const response = await sent(path, options);
    const json = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
    if (response.ok) return json ? response.json() : response.text();
    const seconds = Number(response.headers.get("Retry-After"));
    if (!seconds || tries === MOST_TRIES) throw await problemOf(response);
    await new Promise((go) => setTimeout(go, 1000 * Math.min(seconds, 10)));
  }
}

async function sent(path, options) {
  try {
    return await fetch(path, { ...options, headers: key ? { "X-API-Key": key } : {} });
  } catch {
    throw new Problem("unreachable", "The service cannot be reached. Is it still running?");
  }
}

async function problemOf(response) {
  try {
    const { code, detail } = await response.json();
    const sentence = detail.replace(/^[a-z](?=[a-z]* )/, (first) => first.toUpperCase()); // but no file's name
    return new Problem(code, `${sentence}.`);
  } catch {
    return new Problem("unknown", `The service answered with status ${response.status}.`);
  }
}
