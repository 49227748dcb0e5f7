// The page: pictures come in by every way there is, and their readings are listed.

import { Card, element } from "./card.js";
import { csv, download } from "./csv.js";
import { keepKey, keepReadings, keptKey, keptReadings } from "./keep.js";
import { isPhotograph, PhotoCard } from "./photo.js";
import { HAS_INTERFACE, models, Problem, PROMISE, read, readPage, useKey } from "./service.js";
import { small } from "./shrink.js";

const EXAMPLES = 4;

const find = (id) => document.getElementById(id);
let cards = [];
let model = null;
let whenReady = [];
let starting = false;

async function start() {
  starting = true;
  try {
    [model] = await models();
  } catch (problem) {
    if (problem.code === "unauthorized") askForKey();
    else notice(problem.message, "problem");
    return;
  } finally {
    starting = false;
  }
  notice("");
  find("key-form").hidden = true;
  if (model.about) find("about").textContent = model.about;
  find("model").textContent = `Model: ${model.name}.`;
  find("most-views").textContent = `up to ${model.views}`;
  find("views-label").hidden = model.views === 1;
  find("find-label").hidden = !model.pages;
  showExamples();
  if (!cards.length) showKept();
  const kept = whenReady;
  whenReady = [];
  for (const files of kept) take(files);
}

function askForKey() {
  find("key-wrong").hidden = find("key-form").hidden;
  find("key-form").hidden = false;
  find("key").focus();
}

/** Reads files: each on its own, or together where they are views of one sign; photographs are searched for text. */
async function take(list) {
  const files = [...list];
  if (!files.length) return;
  if (!model) {
    whenReady.push(files);
    if (starting) notice("The model is being loaded; your pictures are read as soon as it is there.");
    else if (find("key-form").hidden) start();
    return;
  }
  const together = model.views > 1 && find("views").checked && files.length > 1;
  const texts = together ? [files] : files.map((file) => [file]);
  add(await Promise.all(texts.map(makeCard)));
}

/** Shows new cards, and reads what is on them. */
function add(made) {
  show(made);
  for (const card of made) fill(card);
  made[0].node.scrollIntoView({ block: "nearest" });
}

function show(made) {
  cards = [...made, ...cards];
  find("cards").prepend(...made.map((card) => card.node));
  find("results").hidden = false;
}

async function makeCard(views) {
  if (model.pages && (await isToSearch(views))) return new PhotoCard(views[0], takePart);
  return new Card(nameOf(views), await Promise.all(views.map((file) => small(file))), takePart);
}

/** Whether text is to be looked for; a reader of signs is given signs unless somebody says otherwise. */
async function isToSearch(views) {
  const kind = find("find").value;
  if (kind !== "auto") return kind === "photo";
  return model.views === 1 && isPhotograph(views[0]);
}

function nameOf(views) {
  return views.map((file) => file.name || "pasted picture").join(" + ");
}

/** What a person cut out of a picture is one text. */
function takePart(file) {
  add([new Card(file.name, [file], takePart)]);
}

/** Shows what was read before the page was loaded anew. */
function showKept() {
  const made = keptReadings().map(({ name, reading, page, files }) => {
    const card = page ? new PhotoCard(files[0], takePart, true) : new Card(name, files, takePart);
    card.pictured.then(() => card.show(page ?? reading));
    return card;
  });
  if (!made.length) return;
  show(made);
  find("csv").disabled = false;
}

async function fill(card) {
  try {
    if (card instanceof PhotoCard) {
      const [page] = await Promise.all([card.sent.then(readPage), card.pictured]);
      card.show(page);
      say(`${card.name}: ${page.text || "no text found"}`);
    } else {
      const [reading] = await Promise.all([read(card.files), card.pictured]);
      card.show(reading);
      say(`${card.name}: ${reading.text || "no text found"}, ${Math.round(100 * reading.confidence)} percent sure`);
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const permanent = problem.code.startsWith("picture_") || problem.code.startsWith("too_many");
    card.fail(problem.message, permanent ? null : () => fill(card));
    say(problem.message);
    if (problem.code === "unauthorized") askForKey();
  }
  find("csv").disabled = !cards.some((each) => each.reading || each.page);
  keepReadings(cards);
}

/** Tells everybody; nothing takes it away. */
function notice(text, kind = "hint") {
  Object.assign(find("notice"), { textContent: text, className: kind, hidden: !text });
  if (text) say(text);
}

/** Tells those who hear the page. */
function say(text) {
  find("status").textContent = text;
}

function showExamples() {
  const kind = model.views > 1 ? "sign" : "word";
  const buttons = Array.from({ length: EXAMPLES }, (_, index) => {
    const name = `${kind}-${index + 1}.jpg`;
    const image = element("img", { src: `page/examples/${name}`, alt: `Read example ${index + 1}` });
    const button = element("button", { type: "button" }, image);
    button.addEventListener("click", async () => {
      const content = await (await fetch(image.src)).blob();
      take([new File([content], `example ${name}`, { type: content.type })]);
    });
    return button;
  });
  find("examples").replaceChildren(...buttons);
}

function listen() {
  find("promise").textContent = PROMISE;
  find("interface").hidden = !HAS_INTERFACE;
  for (const [button, input] of [["choose", "files"], ["photograph", "camera"]]) {
    find(button).addEventListener("click", () => find(input).click());
    find(input).addEventListener("change", () => {
      take(find(input).files);
      find(input).value = ""; // the same file may be chosen again
    });
  }
  let depth = 0;
  const dragging = (change) => {
    depth = change ? Math.max(depth + change, 0) : 0;
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", () => dragging(1));
  document.addEventListener("dragleave", () => dragging(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dragging(0);
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
  find("csv").addEventListener("click", () => download(csv(cards.filter((card) => card.reading || card.page))));
  find("clear").addEventListener("click", () => {
    cards = [];
    keepReadings(cards);
    find("cards").replaceChildren();
    find("results").hidden = true;
    find("choose").focus();
    say("Cleared");
  });
  find("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(find("key").value);
    keepKey(find("key").value);
    start();
  });
}

useKey(keptKey());
listen();
start();
