// The till asks again until it was paid; the wallet's camera reads a shop's code. Both pages work without it.
const note = document.querySelector("[data-offline]");

async function ask(holder) {
  const reply = await fetch(holder.dataset.poll, { headers: { "HX-Request": "true" }, cache: "no-store", redirect: "error" });
  if (reply.status === 204) return null;
  if (!reply.ok) throw new Error(String(reply.status));
  const part = document.createElement("template");
  part.innerHTML = await reply.text();
  return part.content.firstElementChild;
}

function put(holder, fresh) {
  const parent = holder.parentElement;
  const held = holder.contains(document.activeElement);
  holder.replaceWith(fresh);
  if (held) (fresh.querySelector("a, button") ?? parent).focus?.();
  // sound.js listens for this.
  if (fresh.matches("[data-sound]") || fresh.querySelector("[data-sound]")) {
    parent.dispatchEvent(new CustomEvent("htmx:after:swap", { bubbles: true }));
  }
  if (fresh.matches("[data-poll]")) follow(fresh);
}

function follow(holder) {
  const every = Number(holder.dataset.every);
  let failures = 0;
  async function turn() {
    if (!holder.isConnected) return;
    // A focused link inside must not be taken away from under a finger.
    const busy = holder.dataset.every > 2500 && holder.contains(document.activeElement);
    try {
      const fresh = busy || document.hidden ? null : await ask(holder);
      failures = 0;
      if (note) note.hidden = navigator.onLine;
      if (fresh) return put(holder, fresh);
    } catch {
      failures += 1;
      if (note && failures > 1) note.hidden = false;
    }
    setTimeout(turn, every * Math.min(1 + failures, 5));
  }
  setTimeout(turn, every);
}

async function scan(box) {
  const view = box.querySelector("[data-scan-view]");
  const problem = box.querySelector("[data-scan-problem]");
  const form = document.querySelector("[data-scan-form]");
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  try {
    view.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    view.hidden = false;
    problem.hidden = true;
    await view.play();
  } catch {
    problem.hidden = false;
    return;
  }
  box.querySelector("[data-scan-start]").hidden = true;
  const timer = setInterval(async () => {
    const [found] = await detector.detect(view).catch(() => []);
    if (!found) return;
    clearInterval(timer);
    for (const track of view.srcObject.getTracks()) track.stop();
    form.elements.code.value = found.rawValue;
    form.requestSubmit();
  }, 250);
}

for (const holder of document.querySelectorAll("[data-poll]")) follow(holder);
for (const box of document.querySelectorAll("[data-scan]")) {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) continue;
  box.hidden = false;
  box.querySelector("[data-scan-start]").addEventListener("click", () => scan(box));
}
