// Charts of the last hour (uPlot). Only the page of servers loads them; their style sheet is in the Admin's.
import uPlot from "uplot";

const kHeight = 180; // px
const kHour = 3600; // s
const kMaxStep = 25; // s: one sample of every ten seconds may be missing

const lineColours = ["--chart-1", "--chart-2", "--chart-3"];

const clock = new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exactClock = new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const number = new Intl.NumberFormat("ko-KR", { maximumFractionDigits: 1 });

const write = (value, unit) => {
  if (value == null) return "–";
  return unit === "ms" || unit === "%" ? `${number.format(value)}${unit}` : number.format(value);
};

// The series of a chart; cores are per cent of one. A line has a gap where there are no samples.
function columns(history, names, unit) {
  const scale = unit === "%" ? 100 : 1;
  const out = [[], ...names.map(() => [])];
  history.at.forEach((at, i) => {
    if (i > 0 && at - history.at[i - 1] > kMaxStep) {
      out[0].push(history.at[i - 1] + 1);
      names.forEach((_, k) => out[k + 1].push(null));
    }
    out[0].push(at);
    names.forEach((name, k) => out[k + 1].push(history[name][i] == null ? null : history[name][i] * scale));
  });
  return out;
}

function latest(plot) {
  const idx = plot.data[0].length - 1;
  if (idx >= 0) plot.setLegend({ idx });
}

/**
 * Draws into `figure` (data-series, data-words, data-unit) and gives {set(history), resize(), destroy()}.
 * The colours are those of the page's present mode.
 */
export function chart(figure, history) {
  const { series, words, unit } = figure.dataset;
  const names = series.split(",");
  const titles = words.split(",");
  const style = getComputedStyle(figure);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--chart-text"), grid: { stroke: colour("--chart-grid"), width: 1 }, ticks: { show: false }, font: `13px ${style.fontFamily}` };
  const room = () => Math.max(200, figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
  const plot = new uPlot({
    width: room(),
    height: kHeight,
    // Always the whole hour, also with fewer samples.
    scales: { x: { range: (_, low, high) => [high - kHour, high] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    cursor: { drag: { x: false, y: false } },
    // The legend shows the latest values while the pointer is elsewhere.
    hooks: { setCursor: [(shown) => shown.cursor.idx == null && latest(shown)] },
    axes: [
      { ...axis, space: 70, values: (_, moments) => moments.map((moment) => clock.format(moment * 1000)) },
      { ...axis, size: 64, values: (_, values) => values.map((value) => write(value, unit)) },
    ],
    series: [
      { label: figure.dataset.time, value: (_, moment) => (moment == null ? "–" : exactClock.format(moment * 1000)) },
      ...titles.map((label, i) => ({
        label, stroke: colour(lineColours[i]), width: 2, dash: i === 1 ? [6, 4] : i === 2 ? [2, 3] : undefined,
        spanGaps: false, points: { show: false }, value: (_, value) => write(value, unit),
      })),
    ],
  }, columns(history, names, unit), figure);
  plot.root.setAttribute("aria-hidden", "true");
  latest(plot);
  return {
    set(newer) {
      plot.setData(columns(newer, names, unit));
      latest(plot);
    },
    resize: () => plot.setSize({ width: room(), height: kHeight }),
    destroy: () => plot.destroy(),
  };
}
