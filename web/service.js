// Takes the place of the page's service.js: what it asks a service for elsewhere is done by a worker of this browser.

export const PROMISE = "Pictures do not leave this browser.";
export const HAS_INTERFACE = false;

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const asked = new Map();
let number = 0;

worker.addEventListener("message", ({ data: { number, answer, problem } }) => {
  const { done, failed } = asked.get(number);
  asked.delete(number);
  if (problem) failed(new Problem(problem.code, problem.detail));
  else done(answer);
});

/** A worker that cannot begin, because a part of it is missing or the browser is too old, answers nothing. */
worker.addEventListener("error", () => {
  const problem = new Problem("unusable", "The reader cannot be started in this browser: a part of it is missing, or the browser is too old.");
  for (const { failed } of asked.values()) failed(problem);
  asked.clear();
});

/** What was wrong, as a sentence; `code` is a word for it. */
export class Problem extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/** Nobody needs a key here. */
export function useKey() {}

export function models() {
  return ask("models");
}

/** The reading of one text from one file, or from several views of it. */
export function read(files) {
  return ask("read", files);
}

/** Whole photographs need a detector, which this browser does not have: `pages` of the model says so. */
export function readPage() {
  return Promise.reject(new Problem("no_pages", "Whole photographs are not read here: cut out one text."));
}

export const pageFile = readPage;

function ask(question, files) {
  number += 1;
  const answered = new Promise((done, failed) => asked.set(number, { done, failed }));
  worker.postMessage({ number, question, files });
  return answered;
}
