// The amount pad: keys write into the field, which stays an ordinary field.
const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const digitsOf = (text) => text.normalize("NFKC").replace(/\D/g, "").replace(/^0+/, "").slice(0, 7);

function press(field, key) {
  const digits = digitsOf(field.value);
  field.value = grouped(digitsOf(key === "erase" ? digits.slice(0, -1) : digits + key));
}

export function startPads() {
  for (const pad of document.querySelectorAll("[data-pad]")) {
    const field = pad.querySelector(".pad__amount");
    const keys = pad.querySelector(".pad__keys");
    keys.hidden = false;
    // The pad is the keyboard here; the telephone's own would cover it.
    if (matchMedia("(pointer: coarse)").matches) field.inputMode = "none";
    keys.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (key) press(field, key.dataset.key);
    });
    field.addEventListener("input", () => {
      field.value = grouped(digitsOf(field.value));
    });
  }
}
