// Plots drawn from the table beside them; the table stays one click away.
import uPlot from "uplot";

const numberIn = (cell) => {
  const text = cell.textContent.replace(/[^\d.−-]/g, "").replace("−", "-");
  return text === "" ? null : Number(text);
};

function columnsOf(table) {
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(numberIn));
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

function draw(figure) {
  const table = figure.querySelector("table");
  const canvas = figure.querySelector(".plot__canvas");
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink");
  const line = style.getPropertyValue("--line");
  const dashes = [[], [8, 6], [2, 4], [12, 4, 2, 4]];
  const colours = ["--green", "--blue", "--amber", "--ink"].map((name) => style.getPropertyValue(name));
  const axis = { stroke: ink, font: "16px " + style.getPropertyValue("--font"), grid: { stroke: line }, ticks: { stroke: line } };
  const plot = new uPlot(
    {
      width: canvas.clientWidth || figure.clientWidth - 16,
      height: 280,
      scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high * 1.1] } },
      legend: { live: false, markers: { width: 3, fill: null, dash: (_, index) => (dashes[(index - 1) % 4].length ? "dashed" : "solid") } },
      cursor: { show: false },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : "")) },
        { ...axis, size: 68, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("ja-JP")) },
      ],
      series: names.map((name, index) =>
        index === 0 ? { label: name } : { label: name, stroke: colours[(index - 1) % 4], width: 3, dash: dashes[(index - 1) % 4], spanGaps: true, points: { show: true, size: 7 } },
      ),
    },
    columnsOf(table),
    canvas,
  );
  addEventListener("resize", () => plot.setSize({ width: canvas.clientWidth - 16, height: 280 }));
  figure.querySelector(".plot__table").open = false;
}

for (const figure of document.querySelectorAll("[data-plot]")) draw(figure);
