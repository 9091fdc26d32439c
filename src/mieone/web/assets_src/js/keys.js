// The desk by keyboard: j and k walk the queue, Enter opens, / searches.
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

function walk(step) {
  const lines = [...document.querySelectorAll("[data-queue] a")];
  if (lines.length === 0) return;
  const at = lines.findIndex((line) => line === document.activeElement);
  const start = at === -1 ? lines.findIndex((line) => line.hasAttribute("aria-current")) : at;
  lines[Math.min(Math.max(start + step, 0), lines.length - 1)].focus();
}

export function startKeys() {
  if (!document.querySelector("[data-keys]")) return;
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "/") document.querySelector("[data-search]")?.focus();
    else return;
    event.preventDefault();
  });
}
