// What all charts have in common. Plotly reads some markup in texts, so that every text from a document goes through inert().

const LIGHT = { text: "#3b4557", grid: "#e3e7ee", offered: "#8b94a5", achieved: "#2f6fde", quantiles: ["#5f93e6", "#2f6fde", "#123f8f"],
  service: "#c2571a", lag: "#0f8a6d", limit: "#b3261e", bars: ["#c3cad6", "#7aa7ee"] };
const DARK = { text: "#b9c3d3", grid: "#2b3340", offered: "#8793a6", achieved: "#6ea8ff", quantiles: ["#5d8fd0", "#8fbcff", "#d9e7ff"],
  service: "#f09a5e", lag: "#4fd1ae", limit: "#ff8a80", bars: ["#4a5566", "#4f86d9"] };
const OPTIONS = { responsive: true, displayModeBar: false, displaylogo: false };
const MOST_MARKERS = 600;
const darkScreen = window.matchMedia("screen and (prefers-color-scheme: dark)");
const touchScreen = window.matchMedia("(pointer: coarse)");

function colorsFor(isOnPaper) {
  return darkScreen.matches && !isOnPaper ? DARK : LIGHT;
}

// Each of [id, traces, layout], unless its place is hidden.
async function drawAll(drawn, colors) {
  for (const [id, traces, layout] of drawn) {
    const place = byId(id);
    if (!place.closest("[hidden]")) await Plotly.react(place, traces, withDefaults(layout, colors), OPTIONS);
  }
  document.body.dataset.charts = "drawn";
}

function withDefaults(layout, colors) {
  const axis = { gridcolor: colors.grid, linecolor: colors.grid, zerolinecolor: colors.grid, automargin: true, fixedrange: touchScreen.matches };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colors.text, size: 12, family: "system-ui, sans-serif" },
    margin: { l: 55, r: 12, t: 8, b: 40 },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colors === DARK ? "#232b38" : "#ffffff", bordercolor: colors.grid, font: { color: colors.text } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    showlegend: true,
    uirevision: "kept",
    dragmode: touchScreen.matches ? false : "zoom",
    ...layout,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
  };
}

function inert(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function line(name, x, y, color, { line: style = {}, ...extra } = {}) {
  const mode = x.length > MOST_MARKERS ? "lines" : "lines+markers"; // without markers a value between two gaps does not show
  return { type: "scatter", mode, name: inert(name), x, y, line: { color, width: 2, ...style }, marker: { color, size: x.length > 1 ? 4 : 8 }, ...extra };
}

// As plotly shows it: in UTC, whatever the reader's zone.
function instant(milliseconds) {
  return new Date(milliseconds).toISOString();
}

// An axis of its own for what stands at the top of a chart, wherever times end.
const TOP = { overlaying: "y", range: [0, 1], visible: false, fixedrange: true };

function crosses(x, colors, extra) {
  return { type: "scatter", mode: "markers", name: "P99 not delivered", showlegend: false, x, y: x.map(() => 0.97), yaxis: "y2",
    marker: { symbol: "x", size: 7, color: colors.limit }, ...extra };
}

function hover(seconds) {
  return present(seconds) ? showSeconds(seconds) : "";
}

// A logarithmic axis of times, its ticks in units; `range` in seconds.
function timeAxis(range) {
  return logAxis(range, showSeconds);
}

function logAxis([least, most], show) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power += 1) {
    for (const factor of Math.log10(most / least) > 2.5 ? [1] : [1, 2, 5]) ticks.push(factor * 10 ** power);
  }
  return { type: "log", range: [Math.log10(least), Math.log10(most)], tickvals: ticks, ticktext: ticks.map((tick) => show(Number(tick.toPrecision(1)))) };
}

function rangeOf(values) {
  const known = values.filter((value) => present(value) && value > 0);
  if (!known.length) return [1e-3, 1];
  return [known.reduce((a, b) => Math.min(a, b)) / 1.5, known.reduce((a, b) => Math.max(a, b)) * 1.6];
}
