// One text read: its pictures, its characters, and where the model looked for each of them.

import { cutButton } from "./cutting.js";
import { decode, draw } from "./heat.js";

let hinted = false; // the hint about characters is shown on one card

const STEP = 420; // milliseconds a character when watching it read
export const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The same as on the pages of evaluations. */
export function level(confidence) {
  if (confidence >= 0.9) return "sure";
  return confidence >= 0.5 ? "unsure" : "doubtful";
}

/** What else a character may be. */
function alternatives({ alternatives: all }) {
  const told = all.map(({ text, confidence }) => `${shown(text)} ${percent.format(confidence)}`);
  return told.length ? `; or ${told.join(", ")}` : "";
}

/** A character in words; none is the end of the text. */
function shown(text) {
  return { " ": "space", "": "the end" }[text] ?? text;
}

export class Card {
  /**
   * @param name what to call it
   * @param files its pictures
   * @param onCut what to do with a part that is cut out of one of them
   */
  constructor(name, files, onCut) {
    this.name = name;
    this.files = files;
    this.onCut = onCut;
    this.reading = null;
    this.title = element("header", {}, element("b", { textContent: name }), element("span"));
    this.pictures = element("div", { className: "pictures" });
    this.body = element("div", {}, element("div", { className: "waiting" }));
    this.node = element("li", { className: "card" }, this.title, this.pictures, this.body);
    this.images = [];
    this.canvases = files.map((file) => this.#picture(file));
    /** Resolves when all pictures have their place, so that nothing moves under the pointer. */
    this.pictured = Promise.all(this.images);
  }

  /** Shows what was read. */
  show(reading) {
    this.reading = reading;
    this.grids = decode(reading.attention);
    this.title.lastChild.textContent = `${percent.format(reading.confidence)} sure`;
    this.told = element("p");
    this.hints = !hinted;
    hinted = true;
    const watch = element("button", { type: "button", textContent: "Watch it read" });
    watch.addEventListener("click", () => this.#watch());
    const copy = element("button", { type: "button", textContent: "Copy" });
    copy.addEventListener("click", () => this.#copy(copy));
    const actions = element("div", { className: "row" }, watch, copy, ...this.#cuts());
    this.body.replaceChildren(this.#text(), element("div", { className: "told" }, this.told, actions));
    watch.hidden = copy.hidden = !this.buttons.length;
    this.#tell(null);
  }

  /** Shows why nothing was read, and what can be done. */
  fail(detail, again) {
    this.body.replaceChildren(element("p", { className: "problem", textContent: detail }));
    if (again) {
      const button = element("button", { type: "button", textContent: "Try again" });
      button.addEventListener("click", () => {
        this.body.replaceChildren(element("div", { className: "waiting" }));
        again();
      });
      this.body.append(button);
    }
  }

  /** Several views of one sign are cut outside of here. */
  #cuts() {
    const figure = this.pictures.querySelector(".picture");
    return this.files.length === 1 && figure ? [cutButton(figure, this.files[0], this.onCut)] : [];
  }

  async #copy(button) {
    try {
      await navigator.clipboard.writeText(this.reading.text);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    } catch {
      this.told.textContent = "The browser does not let this page copy: select the text and press Ctrl C";
    }
  }

  #picture(file) {
    const image = element("img", { alt: `Picture: ${file.name || this.name}` });
    const canvas = element("canvas");
    canvas.setAttribute("aria-hidden", "true");
    const figure = element("figure", { className: "picture" }, image, canvas);
    const address = URL.createObjectURL(file);
    this.images.push(new Promise((done) => ["load", "error"].forEach((end) => image.addEventListener(end, done))));
    image.addEventListener("load", () => {
      // Small pictures are shown larger, tall ones no taller than the screen likes.
      const height = Math.min(Math.max(3 * image.naturalHeight, 96), 300);
      figure.style.width = `${Math.round((height * image.naturalWidth) / image.naturalHeight)}px`;
      URL.revokeObjectURL(address);
    });
    image.addEventListener("error", () => figure.remove());
    image.src = address;
    this.pictures.append(figure);
    return canvas;
  }

  /** The characters as buttons: one stop of the Tab key, arrows lead from one to the next. */
  #text() {
    const { characters } = this.reading;
    this.buttons = characters.map((character, place) => this.#character(character, place));
    if (!characters.length) return element("p", { className: "text blank", textContent: "No text found" });
    const text = element("div", { className: "text" });
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", `${this.reading.text}: its characters, arrow keys lead from one to the next`);
    let word = null;
    this.buttons.forEach((button, place) => {
      const space = characters[place].text === " ";
      if (!word || space) text.append((word = element("span", { className: "word" })));
      word.append(button);
      if (space) word = null;
    });
    const longest = Math.max(...this.reading.text.split(" ").map((each) => each.length));
    text.classList.toggle("long", longest > 14);
    text.addEventListener("keydown", (event) => this.#key(event));
    text.addEventListener("mouseleave", () => this.#choose(this.buttons.indexOf(document.activeElement)));
    text.addEventListener("focusout", () => this.#choose(-1));
    return text;
  }

  #character(character, place) {
    const button = element("button", {
      type: "button",
      className: `character ${level(character.confidence)}${character.text === " " ? " space" : ""}`,
      textContent: character.text,
      tabIndex: place ? -1 : 0,
    });
    const said = `${shown(character.text)}, ${percent.format(character.confidence)}${this.#view(character)}`;
    button.setAttribute("aria-label", said + alternatives(character));
    button.addEventListener("mouseenter", () => this.#choose(place));
    button.addEventListener("focus", () => this.#choose(place));
    button.addEventListener("click", () => button.focus());
    return button;
  }

  #view(character) {
    const several = this.reading.attention.regions.length > 1 && character.view !== undefined;
    return several ? `, seen in view ${character.view + 1}` : "";
  }

  #key(event) {
    const last = this.buttons.length - 1;
    const now = Math.max(this.buttons.indexOf(document.activeElement), 0);
    const next = { ArrowRight: Math.min(now + 1, last), ArrowLeft: Math.max(now - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.buttons[next].focus();
  }

  #choose(place) {
    clearInterval(this.watching);
    this.#look(place);
  }

  #look(place) {
    const chosen = this.buttons[place];
    for (const button of this.buttons) {
      button.classList.toggle("chosen", button === chosen);
      if (chosen) button.tabIndex = button === chosen ? 0 : -1;
    }
    this.node.classList.toggle("looking", Boolean(chosen));
    if (chosen) draw(this.canvases, this.reading.attention, this.grids[place]);
    this.#tell(chosen ? this.reading.characters[place] : null);
  }

  #tell(character) {
    if (!character) {
      const cut = this.reading.complete ? "" : "The text was cut at the model's longest. ";
      const hint = this.hints && this.buttons.length ? "Point at a character, tap it, or use the arrow keys." : "";
      this.told.replaceChildren(cut + hint);
      return;
    }
    const sure = ` ${percent.format(character.confidence)} sure${this.#view(character)}`;
    this.told.replaceChildren(element("b", { textContent: shown(character.text) }), sure, alternatives(character));
  }

  #watch() {
    clearInterval(this.watching);
    let place = 0;
    this.#look(0);
    this.watching = setInterval(() => {
      place += 1;
      if (place < this.buttons.length) this.#look(place);
      else this.#choose(-1);
    }, STEP);
  }
}
