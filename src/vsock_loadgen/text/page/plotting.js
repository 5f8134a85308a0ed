// What all charts have in common. Plotly reads some markup in texts, so that every text from a document goes through inert().

const LIGHT = { text: "#3b4557", grid: "#e3e7ee", band: "#8b94a5", offered: "#7b8494", achieved: "#2f6fde", quantiles: ["#5f93e6", "#2f6fde", "#123f8f"],
  service: "#c2571a", lag: "#0f8a6d", limit: "#b3261e", heat: ["#d5e3fa", "#5f93e6", "#0d2f6e"], lost: ["#f4c6c2", "#b3261e"],
  kinds: { whole: "#2f6fde", unchanged: "#7b8494", errors: "#a8721a", failed: "#b3261e", refused: "#8a4fb5", cut: "#0f8a6d" } };
const DARK = { text: "#b9c3d3", grid: "#2b3340", band: "#aab4c4", offered: "#8793a6", achieved: "#6ea8ff", quantiles: ["#5d8fd0", "#8fbcff", "#d9e7ff"],
  service: "#f09a5e", lag: "#4fd1ae", limit: "#ff8a80", heat: ["#22385c", "#5d8fd0", "#e6efff"], lost: ["#5c2b2a", "#ff8a80"],
  kinds: { whole: "#6ea8ff", unchanged: "#8793a6", errors: "#e0ab55", failed: "#ff8a80", refused: "#c497f0", cut: "#4fd1ae" } };
// Above the words at the top of a chart.
const LEGEND = { orientation: "h", y: 1.1, yanchor: "bottom", x: 0, traceorder: "normal" };
const MARGIN = { l: 55, r: 12, t: 22, b: 40 };
const OPTIONS = { responsive: true, displayModeBar: false, displaylogo: false };
const MOST_MARKERS = 600;
const MOST_DATA_ROWS = 24;
const ON_PAPER = { whole: 680, half: 330, height: 220 }; // pixels that A4 and Letter have room for
const darkScreen = window.matchMedia("screen and (prefers-color-scheme: dark)");
const touchScreen = window.matchMedia("(pointer: coarse)");

function colorsFor(isOnPaper) {
  return darkScreen.matches && !isOnPaper ? DARK : LIGHT;
}

// Each of [id, traces, layout, data], unless its place is hidden; one without traces has no place. The data are what a table has to
// show of the chart: {headings, rows}, or {first, show} where its own points can be read as one.
async function drawAll(drawn, colors, isOnPaper) {
  for (const [id, traces] of drawn) byId(id).closest("figure").hidden = traces.length === 0;
  for (const [id, traces, layout, data = {}] of drawn) {
    const place = byId(id);
    if (place.closest("[hidden]")) continue;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", `Chart: ${titleOf(place)}. Its data follow as a table.`);
    const beside = place.closest(".pair")?.querySelectorAll(":scope > figure:not([hidden])").length ?? 1;
    const width = isOnPaper ? ON_PAPER[beside > 1 ? "half" : "whole"] : undefined;
    const height = isOnPaper ? ON_PAPER.height : undefined;
    await Plotly.react(place, traces, { ...withDefaults(layout, colors), width, height, autosize: !isOnPaper }, OPTIONS);
    showData(place, data.rows ? data : pointsOf(traces, data));
  }
  document.body.dataset.charts = "drawn";
}

function titleOf(place) {
  return (place.closest("figure").querySelector("figcaption") ?? place.closest("section").querySelector("h2")).textContent;
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
    legend: { ...LEGEND, y: 1.02 },
    showlegend: true,
    uirevision: "kept",
    dragmode: touchScreen.matches ? false : "zoom",
    ...layout,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
  };
}

// The table of a chart, for readers who do not see it: closed until it is opened.
function showData(place, { headings, rows }) {
  let details = place.nextElementSibling;
  if (!details?.matches(".data")) {
    details = make("details", [make("summary", `Data: ${titleOf(place)}`), make("div", make("table", []), "scroll")], "data");
    details.querySelector(".scroll").tabIndex = 0;
    place.after(details);
  }
  const step = Math.ceil(rows.length / MOST_DATA_ROWS);
  fillTable(details.querySelector("table"), headings, rows.filter((_, index) => index % step === 0));
}

// A row for each x that any of the traces has, in order.
function pointsOf(traces, { first = "from", show = isoOf }) {
  const shown = traces.filter((trace) => trace.hoverinfo !== "skip" && trace.x);
  const places = shown.map((trace) => new Map(trace.x.map((x, index) => [x, index])));
  const xs = [...new Set(shown.flatMap((trace) => trace.x))].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  const text = (trace, index) => (index === undefined ? "-" : trace.says?.[index] ?? (present(trace.y[index]) ? showNumber(trace.y[index]) : "-"));
  return { headings: [first, ...shown.map((trace) => trace.name)], rows: xs.map((x) => [show(x), ...shown.map((trace, each) => text(trace, places[each].get(x)))]) };
}

function isoOf(instantText) {
  return showInstant(Date.parse(instantText));
}

function inert(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function line(name, x, y, color, { line: style = {}, ...extra } = {}) {
  const mode = x.length > MOST_MARKERS ? "lines" : "lines+markers"; // without markers a value between two gaps does not show
  return { type: "scatter", mode, name: inert(name), x, y, line: { color, width: 2, ...style }, marker: { color, size: x.length > 1 ? 4 : 8 }, ...extra };
}

// The label of each point of a trace of times, on hover and in the table.
function inSeconds(values) {
  const says = values.map((value) => (present(value) ? showSeconds(value) : "-"));
  return { says, customdata: says, hovertemplate: "%{customdata}" };
}

// As plotly shows it: in UTC, whatever the reader's zone.
function instant(milliseconds) {
  return new Date(milliseconds).toISOString();
}

// A separate axis for marks at the top of a chart, wherever times end.
const TOP = { overlaying: "y", range: [0, 1], visible: false, fixedrange: true };

function crosses(x, colors, extra) {
  return { type: "scatter", mode: "markers", name: "P99 not delivered", showlegend: false, x, y: x.map(() => 0.97), yaxis: "y2", says: x.map(() => "\u2715"),
    marker: { symbol: "x", size: 7, color: colors.limit }, ...extra };
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
