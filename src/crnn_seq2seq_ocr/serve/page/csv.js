// Readings as a table for spreadsheets.

const HEAD = ["file", "text", "confidence", "complete"];

/** A row for each text, and for each line of a photograph. */
export function csv(cards) {
  const rows = cards.flatMap(({ name, reading, page }) => {
    const lines = page?.blocks.flatMap((block) => block.lines) ?? [reading];
    return lines.map(({ text, confidence, complete }) => [name, text, confidence.toFixed(4), complete ?? true]);
  });
  return "\ufeff" + [HEAD, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function cell(value) {
  let text = String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`; // spreadsheets would run it as a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(text, name = "readings.csv", type = "text/csv") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
