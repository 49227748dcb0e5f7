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

function ask(question, files) {
  number += 1;
  const answered = new Promise((done, failed) => asked.set(number, { done, failed }));
  worker.postMessage({ number, question, files });
  return answered;
}
