// What every page may use on top of plain HTML: htmx, the amount pad, keys of the desk, the offline note.
import htmx from "htmx.org";
import { startKeys } from "./keys.js";
import { startOfflineNote } from "./offline.js";
import { startPads } from "./pad.js";
import { startSound } from "./sound.js";

window.htmx = htmx;
document.documentElement.classList.remove("no-script");
startPads();
startKeys();
startOfflineNote();
startSound();
document.querySelector(".error-summary")?.focus();
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
