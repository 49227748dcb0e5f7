// One photograph read: the picture with its text over it, to point at, select and copy, and the lines beside it.

import { element, level, percent } from "./card.js";
import { download } from "./csv.js";
import { cutButton } from "./cutting.js";
import { pageFile } from "./service.js";
import { small } from "./shrink.js";

const FILES = [["text", "txt", "Text"], ["alto", "xml", "ALTO"], ["hocr", "html", "hOCR"]];

/** A photograph rather than the picture of one text: neither small nor a strip. */
export async function isPhotograph(file) {
  try {
    const { width, height } = await createImageBitmap(file);
    return height >= 160 && width < 5 * height;
  } catch {
    return false; // the service says what is wrong with it
  }
}

export class PhotoCard {
  /**
   * @param file the photograph
   * @param onCut what to do with a part that is cut out of it
   * @param kept whether it was read before the page was loaded anew, and only a smaller picture of it is there
   */
  constructor(file, onCut, kept = false) {
    this.name = file.name || "pasted picture";
    this.files = [file];
    this.onCut = onCut;
    this.kept = kept;
    /** Resolves with what is sent. */
    this.sent = small(file);
    this.page = null;
    this.title = element("header", {}, element("b", { textContent: this.name }), element("span"));
    this.image = element("img", { alt: `Photograph: ${this.name}` });
    this.layer = element("div", { className: "layer" });
    this.photo = element("figure", { className: "photo" }, this.image, this.layer);
    this.body = element("div", {}, element("div", { className: "waiting" }));
    this.node = element("li", { className: "card whole" }, this.title, this.photo, this.body);
    const address = URL.createObjectURL(file);
    this.pictured = new Promise((done) => ["load", "error"].forEach((end) => this.image.addEventListener(end, done)));
    this.image.addEventListener("load", () => URL.revokeObjectURL(address));
    this.image.addEventListener("error", () => this.photo.remove());
    this.image.src = address;
  }

  /** Shows what was found and read. */
  show(page) {
    this.page = page;
    const lines = page.blocks.flatMap((block) => block.lines);
    this.title.lastChild.textContent = lines.length ? `${lines.length} line${lines.length > 1 ? "s" : ""}` : "";
    this.said = element("span", { className: "hint" });
    this.said.setAttribute("role", "status");
    if (!lines.length) {
      const nothing = element("p", { className: "text blank", textContent: "No text found" });
      this.body.replaceChildren(nothing, element("div", { className: "row actions" }, this.#cut()));
      return;
    }
    this.layer.replaceChildren(...lines.map((line, place) => this.#over(line, place)));
    this.entries = [];
    const blocks = page.blocks.map((block) => {
      const entries = block.lines.map((line) => this.#entry(line));
      return element("div", { className: "block" }, ...entries);
    });
    const text = element("div", { className: "lines" }, ...blocks);
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", "The lines, arrow keys lead from one to the next, Enter copies");
    text.addEventListener("keydown", (event) => this.#key(event));
    text.addEventListener("focusout", () => this.#light(-1));
    text.addEventListener("mouseleave", () => this.#light(this.entries.indexOf(document.activeElement)));
    this.body.replaceChildren(text, this.#actions());
  }

  /** Shows why nothing was read, and what can be done. */
  fail(detail, again) {
    this.body.replaceChildren(element("p", { className: "problem", textContent: detail }));
    if (!again) return;
    const button = element("button", { type: "button", textContent: "Try again" });
    button.addEventListener("click", () => {
      this.body.replaceChildren(element("div", { className: "waiting" }));
      again();
    });
    this.body.append(button);
  }

  /** A line's text over the picture: not seen, but there to point at and to select. */
  #over(line, place) {
    const { width, height } = this.page;
    const [a, b, , d] = line.quadrilateral;
    const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const high = Math.hypot(d[0] - a[0], d[1] - a[1]);
    const text = element("span", { textContent: `${line.text}\n` });
    const box = element("div", { className: `over ${level(line.confidence)}` }, text);
    Object.assign(box.style, {
      left: `${(100 * a[0]) / width}%`,
      top: `${(100 * a[1]) / height}%`,
      width: `${(100 * long) / width}%`,
      height: `${(100 * high) / height}%`,
      transform: `rotate(${Math.atan2(b[1] - a[1], b[0] - a[0])}rad)`,
    });
    // As high as the box, and as wide: the container's width is the picture's.
    const size = (100 * high) / width / 1.2;
    text.style.fontSize = `${size}cqw`;
    text.style.transform = `scaleX(${long / ((high / 1.2) * widthOf(line.text))})`;
    box.addEventListener("mouseenter", () => this.#light(place));
    box.addEventListener("mouseleave", () => this.#light(-1));
    box.addEventListener("click", () => {
      if (!String(getSelection())) this.#copy(line.text);
    });
    return box;
  }

  #entry(line) {
    const place = this.entries.length;
    const entry = element("button", {
      type: "button",
      className: `line ${level(line.confidence)}`,
      textContent: line.text,
      tabIndex: place ? -1 : 0,
      title: `${percent.format(line.confidence)} sure; click to copy`,
    });
    entry.setAttribute("aria-label", `${line.text}, ${percent.format(line.confidence)} sure`);
    entry.addEventListener("mouseenter", () => this.#light(place));
    entry.addEventListener("focus", () => this.#light(place));
    entry.addEventListener("click", () => this.#copy(line.text));
    this.entries.push(entry);
    return entry;
  }

  #actions() {
    const button = (textContent, work, className = "") => {
      const made = element("button", { type: "button", textContent, className });
      made.addEventListener("click", work);
      return made;
    };
    const offered = this.kept ? FILES.slice(0, 1) : FILES;
    const files = offered.map(([form, suffix, label]) => button(`Download ${label}`, () => this.#save(form, suffix)));
    const all = button("Copy all", () => this.#copy(this.page.text), "primary");
    return element("div", { className: "row actions" }, all, ...files, this.#cut(), this.said);
  }

  #cut() {
    return cutButton(this.photo, this.files[0], this.onCut);
  }

  #key(event) {
    const last = this.entries.length - 1;
    const now = Math.max(this.entries.indexOf(document.activeElement), 0);
    const next = { ArrowDown: Math.min(now + 1, last), ArrowUp: Math.max(now - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.entries[next].focus();
  }

  #light(place) {
    this.entries.forEach((entry, number) => {
      entry.classList.toggle("chosen", number === place);
      if (place >= 0) entry.tabIndex = number === place ? 0 : -1;
    });
    [...this.layer.children].forEach((box, number) => box.classList.toggle("chosen", number === place));
  }

  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.said.textContent = "Copied";
    } catch {
      this.said.textContent = "The browser does not let this page copy: select the text and press Ctrl C";
    }
  }

  async #save(form, suffix) {
    try {
      const content = form === "text" ? `${this.page.text}\n` : await pageFile(await this.sent, form);
      download(content, `${this.name.replace(/\.\w+$/, "")}.${suffix}`, "text/plain");
    } catch (problem) {
      this.said.textContent = problem.message;
    }
  }
}

let ruler = null;

/** How wide a text is in the page's font, in multiples of the font's size. */
function widthOf(text) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = "100px sans-serif";
  return Math.max(ruler.measureText(text).width / 100, 0.1);
}
