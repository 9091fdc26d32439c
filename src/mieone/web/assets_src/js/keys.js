// The desk by keyboard: j and k walk the queue, Enter opens, / searches.
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function walk(step) {
  const lines = [...document.querySelectorAll("[data-queue] > :not([hidden]) a")];
  if (lines.length === 0) return;
  const at = lines.findIndex((line) => line === document.activeElement);
  const start = at === -1 ? lines.findIndex((line) => line.hasAttribute("aria-current")) : at;
  lines[Math.min(Math.max(start + step, 0), lines.length - 1)].focus();
}

// What is typed narrows the queue at once; Escape shows it all again.
function narrow(field) {
  const wanted = field.value.normalize("NFKC").trim().toLowerCase();
  for (const line of document.querySelectorAll("[data-queue] > *")) {
    line.hidden = !line.textContent.normalize("NFKC").toLowerCase().includes(wanted);
  }
}

function startSearch() {
  const field = document.querySelector("[data-search]");
  if (!field || !document.querySelector("[data-queue]")) return;
  field.addEventListener("input", () => narrow(field));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    narrow(field);
    field.blur();
  });
}

export function startKeys() {
  if (!document.querySelector("[data-keys]")) return;
  startSearch();
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "/") document.querySelector("[data-search]")?.focus();
    else return;
    event.preventDefault();
  });
}
