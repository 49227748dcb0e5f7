// The labelling page: one picture at a time, keys only. Enter accepts, Tab leaves it for later, Esc gives up on it.

const byId = (id) => document.getElementById(id);
const text = byId("text");
let by = "";
let file = null;
let given = "";
let busy = false;

// What is pressed while an answer is awaited would mean the picture that is about to go: it is left out.
function setBusy(value) {
  busy = value;
  byId("work").setAttribute("aria-busy", value);
}

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const content = await response.json();
  if (!response.ok) throw new Error(content.detail ?? "the program did not understand");
  return content;
}

/** Ask for something and show the picture that comes with the answer; a failure keeps what was typed. */
async function turn(path, body) {
  if (busy) return;
  setBusy(true);
  try {
    show(await ask(path, body));
  } catch (error) {
    const lost = error instanceof TypeError;
    problem(lost ? "The program does not answer. What you accepted before is saved; start it again." : error.message);
  } finally {
    setBusy(false);
  }
}

function problem(message) {
  byId("problem").textContent = message;
  byId("problem").hidden = !message;
}

function show(work) {
  problem("");
  const done = work.labelled + work.unreadable;
  byId("bar").setAttribute("aria-valuemax", work.total);
  byId("bar").setAttribute("aria-valuenow", done);
  byId("filled").style.width = `${(100 * done) / work.total}%`;
  const reading = work.read < work.total ? `, the model has read ${work.read}` : "";
  byId("progress").textContent =
    `${work.labelled} labelled, ${work.unreadable} unreadable, ${work.total - done} to go${reading}`;
  file = work.file;
  byId("work").hidden = file === null;
  byId("done").hidden = file !== null;
  if (file === null) {
    const left = work.total - done;
    byId("done-title").textContent = left
      ? `The last ${left === 1 ? "picture is" : `${left} pictures are`} with others.` : "All pictures are labelled.";
    byId("others").hidden = !left;
    byId(left ? "again" : "train").focus();
    return;
  }
  byId("picture").src = `picture?file=${encodeURIComponent(file)}`;
  byId("picture").alt = `The picture ${file}`;
  byId("file").textContent = file;
  byId("sure").textContent = work.confidence === null ? "" : `– the model is ${Math.round(100 * work.confidence)}% sure`;
  given = work.text;
  text.value = given;
  text.focus();
  text.select();
}

const STATES = {
  none: "",
  running: "Training. You can go on labelling, or close this page; what you label now is for the next training.",
  done: "The model is ready",
  failed: "The training ended without a model. This is what it said:",
};

/** Show how far a training is, and ask again while it runs. */
function showTraining(training) {
  byId("train").disabled = training.state === "running";
  byId("state").textContent = training.model ? `${STATES.done}: ${training.model}` : STATES[training.state];
  byId("said").textContent = training.lines.join("\n");
  byId("said").hidden = !training.lines.length;
  if (training.state === "running") setTimeout(() => watch(), 1000);
}

async function watch(body) {
  try {
    showTraining(await ask("training", body));
  } catch (error) {
    byId("state").textContent = error instanceof TypeError ? "The program does not answer." : error.message;
  }
}

const undo = () => turn("undo", { by });

byId("who").addEventListener("submit", async (event) => {
  event.preventDefault();
  by = byId("name").value.trim();
  if (!by) return;
  sessionStorage.setItem("by", by);
  byId("who").hidden = true;
  byId("training").hidden = false;
  watch();
  await turn(`work?by=${encodeURIComponent(by)}`);
});
byId("label").addEventListener("submit", (event) => {
  event.preventDefault();
  turn("label", { file, text: text.value, by });
});
byId("skip").addEventListener("click", () => turn("skip", { file, by }));
byId("unreadable").addEventListener("click", () => turn("label", { file, text: null, by }));
byId("again").addEventListener("click", () => turn(`work?by=${encodeURIComponent(by)}`));
byId("undo").addEventListener("click", undo);
byId("undo-last").addEventListener("click", undo);
byId("train").addEventListener("click", () => watch({ by }));
byId("copy").addEventListener("click", () => navigator.clipboard?.writeText(byId("next").textContent));
text.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    byId("skip").click();
  } else if (event.key === "Escape") {
    event.preventDefault();
    byId("unreadable").click();
  }
});
document.addEventListener("keydown", (event) => {
  // Within a text that was changed the browser's own undo comes first.
  const typed = document.activeElement === text && text.value !== given;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && by && !typed) {
    event.preventDefault();
    undo();
  }
});

byId("name").value = sessionStorage.getItem("by") ?? "";
byId("name").focus();
const about = await ask("about");
byId("folder").textContent = about.folder;
byId("next").textContent = about.next;
