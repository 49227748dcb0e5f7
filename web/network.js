// The exported network in ONNX Runtime's WebAssembly: pictures in, tokens out, its loop over characters inside.

import * as ort from "./ort.wasm.min.mjs";

/** What the model says of itself, and a function that runs it on what `prepare` made. */
export async function load() {
  ort.env.wasm.numThreads = 1; // more need headers that a plain file server does not send
  ort.env.wasm.wasmPaths = new URL("./", import.meta.url).href;
  const [description, model] = await Promise.all([
    fetched("./model.json").then((answer) => answer.json()),
    fetched("./model.onnx").then((answer) => answer.arrayBuffer()),
  ]);
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  // An id that is assigned to no character has a zero there.
  description.characters = Array.from(description.charset, (character) => (character === "\0" ? "" : character));
  return { description, run: (prepared) => run(session, prepared) };
}

async function fetched(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is missing beside this page (status ${answer.status}).`);
  return answer;
}

async function run(session, { pixels, shape, mask }) {
  const found = await session.run({
    images: new ort.Tensor("uint8", pixels, shape),
    view_mask: new ort.Tensor("bool", mask, [1, mask.length]),
  });
  return Object.fromEntries(
    Object.entries(found).map(([name, { data, dims }]) => [
      name,
      { data: data instanceof BigInt64Array ? Array.from(data, Number) : data, shape: dims },
    ]),
  );
}
