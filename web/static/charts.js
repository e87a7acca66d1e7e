// Draws every [data-chart]: lines over days or moments, in the colours of the page.
"use strict";

const HALF_DAY_SECS = 43200;
const ONE_HOUR = 3600, ONE_DAY = 86400, ONE_MONTH = 28 * ONE_DAY;
// uPlot's own form: from which step on, the text, and what is added when the year or the day turns.
const TIMES = [
  [ONE_MONTH, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [ONE_DAY, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [ONE_HOUR, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

// uPlot would show years around a single day.
function xRange(moments, low, high, around) {
  const [only] = moments;
  return moments.length === 1 ? [only - around, only + around] : [low, high];
}

function yRange(fromZero, low, high) {
  if (low == null) return [0, 1];
  if (fromZero) return [Math.min(0, low), high > 0 ? high * 1.1 : 1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.01 || 1;
  return [low - room, high + room];
}

const BatonCharts = {
  drawn: new Map(),

  draw(root) {
    for (const box of root.querySelectorAll("[data-chart]")) this.drawOne(box);
  },

  drawOne(box) {
    const data = JSON.parse(box.dataset.chart);
    const names = JSON.parse(box.dataset.names);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const lines = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`--line-${number}`));
    // Labels are as the server's zone has them: they count as UTC here, whatever the browser's zone is.
    const moments = data.labels.map((label) => (data.countsHours ? Number(label) :
      Date.parse(label.includes("T") ? `${label}Z` : label) / 1000));
    const around = data.countsHours ? 1 : HALF_DAY_SECS;
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--rule"), width: 1 } };
    const short = (value) => new Intl.NumberFormat(document.documentElement.lang,
      { notation: "compact", maximumSignificantDigits: 5 }).format(value);
    const plot = new uPlot({
      width: box.clientWidth || 300,
      height: 200,
      tzDate: (secs) => uPlot.tzDate(new Date(secs * 1000), "Etc/UTC"),
      scales: {
        x: {
          time: !data.countsHours,
          range: (_plot, low, high) => xRange(moments, low, high, around),
        },
        y: { range: (_plot, low, high) => yRange(data.fromZero, low, high) },
      },
      axes: [
        data.countsHours ? axis : { ...axis, values: TIMES },
        { ...axis, size: 64, values: (_plot, ticks) => ticks.map(short) },
      ],
      series: [
        {
          label: box.dataset.time,
          value: (_plot, secs) => (secs == null ? "" : data.labels[moments.indexOf(secs)]),
        },
        ...data.series.map((one, at) => ({
          label: names[at], stroke: lines[at % lines.length], width: 2, spanGaps: false,
          dash: at < 4 ? undefined : [6, 4],
          points: { show: data.labels.length < 60, size: 5 },
        })),
      ],
    }, [moments, ...data.series.map((one) => one.numbers)], box);
    this.drawn.set(box, plot);
  },

  resize() {
    for (const [box, plot] of this.drawn) {
      if (!box.isConnected) this.drawn.delete(box);
      else if (box.clientWidth) plot.setSize({ width: box.clientWidth, height: 200 });
    }
  },

  redraw() {
    // Of a copy: a box that is drawn anew would come again, without end.
    for (const [box, plot] of [...this.drawn]) {
      plot.destroy();
      this.drawn.delete(box);
      if (box.isConnected) this.drawOne(box);
    }
  },
};

BatonCharts.draw(document);
window.addEventListener("resize", () => BatonCharts.resize());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => BatonCharts.redraw());
