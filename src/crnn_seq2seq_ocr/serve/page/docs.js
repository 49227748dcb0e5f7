// The examples with the address of this service in place of the usual one, and a button to copy each.

import { element } from "./card.js";

const USUAL = "http://127.0.0.1:8000";
const address = new URL(".", location.href).href.replace(/\/$/, "");

for (const code of document.querySelectorAll("pre code")) {
  code.textContent = code.textContent.replaceAll(USUAL, address);
  const button = element("button", { type: "button", textContent: "Copy" });
  button.setAttribute("aria-label", `Copy the ${code.id} example`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  });
  code.parentElement.append(button);
}
