// Reads pictures beside the page, so that the page stays awake: one question after the other.

import { load } from "./network.js";
import { decode, prepare } from "./pictures.js";
import { reading } from "./reading.js";

const loaded = load();
loaded.catch(() => {}); // told to whoever asks; nobody may have asked yet
let before = Promise.resolve();

const answers = {
  models: async () => [(await loaded).description].map(({ name, about, preprocessing }) => ({ name, about, views: preprocessing.views })),
  read: async (files) => {
    const { description, run } = await loaded;
    const { views } = description.preprocessing;
    if (files.length > views) throw problem("too_many_views", `The model takes 1 to ${views} views of a text.`);
    const pictures = [];
    for (const file of files) pictures.push(await decoded(file));
    const prepared = prepare(pictures, description);
    return reading(await run(prepared), prepared, description, files.map((file) => file.name).join(" + "));
  },
};

self.addEventListener("message", ({ data: { number, question, files } }) => {
  before = before.then(async () => {
    try {
      self.postMessage({ number, answer: await answers[question](files) });
    } catch (error) {
      const { code = "unreadable", message } = error;
      self.postMessage({ number, problem: { code, detail: message } });
    }
  });
});

async function decoded(file) {
  try {
    return await decode(file);
  } catch {
    throw problem("picture_unreadable", `${file.name} is no picture that this browser can read.`);
  }
}

function problem(code, detail) {
  return Object.assign(new Error(detail), { code });
}
