// Readings as a table for spreadsheets.

const HEAD = ["file", "text", "confidence", "complete"];

export function csv(cards) {
  const rows = cards.map(({ name, reading }) => [name, reading.text, reading.confidence.toFixed(4), reading.complete]);
  return "\ufeff" + [HEAD, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function cell(value) {
  let text = String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`; // spreadsheets would run it as a formula
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: "readings.csv" });
  link.click();
  URL.revokeObjectURL(address);
}
