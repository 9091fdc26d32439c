// The map of the region: our boundaries as ground, points with shape and colour. No tiles from elsewhere.
import { Map as RegionMap, Marker, NavigationControl, Popup, setWorkerUrl } from "maplibre-gl";

const SIZE = 44;

// The same shapes as in the legend: square office, circle station, triangle shelter, diamond emergency site, cross weather station, pentagon gauge.
const draw = {
  office: (pen) => pen.rect(6, 6, 32, 32),
  station: (pen) => pen.arc(22, 22, 16, 0, 2 * Math.PI),
  shelter: (pen) => polygon(pen, [[22, 4], [40, 37], [4, 37]]),
  emergency: (pen) => polygon(pen, [[22, 3], [41, 22], [22, 41], [3, 22]]),
  weather: (pen) => polygon(pen, [[15, 4], [29, 4], [29, 15], [40, 15], [40, 29], [29, 29], [29, 40], [15, 40], [15, 29], [4, 29], [4, 15], [15, 15]]),
  reading: (pen) => polygon(pen, [[22, 3], [41, 17], [34, 40], [10, 40], [3, 17]]),
};

function polygon(pen, corners) {
  pen.moveTo(...corners[0]);
  corners.slice(1).forEach((corner) => pen.lineTo(...corner));
  pen.closePath();
}

function shapeOf(kind, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  pen.beginPath();
  draw[kind](pen);
  pen.fillStyle = colour;
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 3;
  pen.fill();
  pen.stroke();
  return pen.getImageData(0, 0, SIZE, SIZE);
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function styleOf(holder) {
  return {
    version: 8,
    sources: {
      towns: { type: "geojson", data: holder.dataset.boundaries },
      points: { type: "geojson", data: holder.dataset.points },
    },
    layers: [
      { id: "elsewhere", type: "background", paint: { "background-color": colour("--line") } },
      { id: "ground", type: "fill", source: "towns", paint: { "fill-color": colour("--ground") } },
      { id: "border", type: "line", source: "towns", paint: { "line-color": colour("--green"), "line-width": 2 } },
    ],
  };
}

function addPoints(map) {
  for (const kind of Object.keys(draw)) map.addImage(kind, shapeOf(kind, colour(`--sign-${kind}`)), { pixelRatio: 2 });
  map.addLayer({
    id: "points",
    type: "symbol",
    source: "points",
    layout: {
      "icon-image": ["get", "kind"],
      "icon-allow-overlap": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 12, 1],
      "symbol-sort-key": ["match", ["get", "kind"], "reading", 5, "office", 4, "station", 3, "shelter", 2, 1],
    },
  });
}

function showNames(map) {
  map.on("click", "points", (event) => {
    const point = event.features[0];
    const text = document.createElement("p");
    text.textContent = [point.properties.kind_name, point.properties.name, point.properties.address, point.properties.figures].filter(Boolean).join(" ／ ");
    new Popup({ closeButton: true, maxWidth: "18rem" }).setLngLat(point.geometry.coordinates).setDOMContent(text).addTo(map);
  });
  map.on("mouseenter", "points", () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", "points", () => { map.getCanvas().style.cursor = ""; });
}

function nameTowns(map, names) {
  for (const { name, at } of names) {
    const label = document.createElement("span");
    label.className = "map__name";
    label.textContent = name;
    new Marker({ element: label }).setLngLat(at).addTo(map);
    label.setAttribute("aria-hidden", "true");
    label.removeAttribute("tabindex");
    label.removeAttribute("role");
  }
}

// What changes in the open context comes by itself; the list is fetched anew, so that both say the same.
function listen(holder, draw) {
  const said = document.querySelector("[data-map-live]");
  const list = document.querySelector("[data-map-list]");
  const stream = new EventSource(holder.dataset.stream);
  const [now, away] = said.children;
  const tell = (isAway) => { said.hidden = false; now.hidden = isAway; away.hidden = !isAway; };
  const tellNow = () => {
    now.querySelector("time").textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    tell(false);
  };
  const refresh = async () => {
    draw();
    const answer = await fetch(holder.dataset.list).catch(() => null);
    if (!answer?.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    keepPlace(list, () => list.replaceChildren(...part.body.childNodes));
    tellNow();
  };
  let isDue = false;
  let isBusy = false;
  const follow = async () => {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    let rest_ms = 400;
    // Nobody looks at a page in the background, and a slow phone is left as much time as it needed.
    while (isDue && !document.hidden) {
      await new Promise((resolve) => { setTimeout(resolve, rest_ms); });
      isDue = false;
      const began = performance.now();
      await refresh();
      rest_ms = Math.max(1000, 2 * (performance.now() - began));
    }
    isBusy = false;
  };
  stream.addEventListener("open", tellNow);
  stream.addEventListener("error", () => tell(true));
  for (const name of ["entity", "gone", "reset"]) stream.addEventListener(name, follow);
  document.addEventListener("visibilitychange", () => { if (isDue) follow(); });
  addEventListener("pagehide", () => stream.close());
}

// What was unfolded stays so, and whoever stands in the list with the keyboard keeps standing there.
function keepPlace(list, change) {
  const stops = () => [...list.querySelectorAll("summary, a")];
  const stood = stops().indexOf(document.activeElement);
  const folds = () => list.querySelectorAll("details[data-town]");
  const open = new Map([...folds()].map((one) => [one.dataset.town, one.open]));
  change();
  for (const one of folds()) one.open = open.get(one.dataset.town) ?? one.open;
  if (stood >= 0) stops()[stood]?.focus({ preventScroll: true });
}

function start(holder) {
  setWorkerUrl(holder.dataset.worker);
  const canvas = document.createElement("div");
  canvas.className = "map__canvas";
  canvas.style.height = "100%";
  holder.append(canvas);
  const map = new RegionMap({
    container: canvas,
    style: styleOf(holder),
    bounds: JSON.parse(holder.dataset.bounds),
    fitBoundsOptions: { padding: 16 },
    attributionControl: false,
    cooperativeGestures: true,
    dragRotate: false,
    fadeDuration: 0,
    locale: JSON.parse(holder.dataset.words),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  map.getCanvas().setAttribute("aria-label", holder.getAttribute("aria-label"));
  map.on("load", () => {
    addPoints(map);
    nameTowns(map, JSON.parse(holder.dataset.names));
    showNames(map);
    holder.classList.add("is-live");
  });
  return () => map.getSource("points")?.setData(holder.dataset.points);
}

for (const holder of document.querySelectorAll("[data-map]")) {
  let redraw = () => {};
  try {
    redraw = start(holder);
  } catch {
    // No WebGL: the drawn outline and the list beside it stay, and the list stays alive.
    holder.querySelector(".map__canvas")?.remove();
  }
  listen(holder, redraw);
}
