// Draws every [data-chart]: lines over days or moments, in the colours of the page.
"use strict";

const HALF_DAY_SECS = 43200;

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
    const lines = ["--line-1", "--line-2", "--line-3", "--line-4"].map(colour);
    const moments = data.labels.map((label) => Date.parse(label) / 1000);
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--rule"), width: 1 } };
    const short = (value) => new Intl.NumberFormat(document.documentElement.lang,
      { notation: "compact", maximumFractionDigits: 1 }).format(value);
    const plot = new uPlot({
      width: box.clientWidth || 300,
      height: 200,
      tzDate: (secs) => new Date(secs * 1000 + new Date().getTimezoneOffset() * 60000),
      scales: { x: { range: (_plot, low, high) => (low === high ? [low - HALF_DAY_SECS, high + HALF_DAY_SECS] : [low, high]) }, y: { range: (_plot, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [axis, { ...axis, size: 56, values: (_plot, ticks) => ticks.map(short) }],
      series: [
        { label: box.dataset.time, value: (_plot, secs) => (secs == null ? "" : data.labels[moments.indexOf(secs)]) },
        ...data.series.map((one, at) => ({
          label: names[at], stroke: lines[at % lines.length], width: 2, spanGaps: false,
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
    for (const [box, plot] of this.drawn) {
      plot.destroy();
      this.drawn.delete(box);
      if (box.isConnected) this.drawOne(box);
    }
  },
};

BatonCharts.draw(document);
window.addEventListener("resize", () => BatonCharts.resize());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => BatonCharts.redraw());
