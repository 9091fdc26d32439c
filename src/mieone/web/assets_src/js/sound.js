// Two rising tones for "paid". Browsers stay silent until the page was touched; the screen says it anyway.
function play() {
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.gain.value = 0.15;
  volume.connect(audio.destination);
  [784, 1175].forEach((pitch, index) => {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(volume);
    tone.start(audio.currentTime + index * 0.14);
    tone.stop(audio.currentTime + index * 0.14 + 0.13);
  });
}

export function startSound() {
  const listen = (root) => root.querySelector?.("[data-sound]") && play();
  listen(document);
  document.addEventListener("htmx:after:swap", (event) => listen(event.target));
}
