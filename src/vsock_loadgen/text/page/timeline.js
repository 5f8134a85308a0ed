// The charts over the time of a run: what they share is its rows, its phases of load, its drain and the lines of its thresholds.

const SHORTEST_STRETCH = 0.5; // of a row's width: in less, a rate says little
const MOST_BANDS = 200;
const DAY_SECONDS = 86400;
const PIXELS_A_LETTER = 6.5;
const ALIKE = 1.1; // response and service time are one picture if neither is more than this many times the other
const BEYOND_DOUBT = 1e-3; // seconds that make no difference to a reader
const THRESHOLD = /^(?:phase\.(.+)\.)?(response_time|service_time|lag|reports_per_second)((?:\.p\d+(?:\.\d+)?|\.max|\.mean)?) [<>]/;

// The rows of the series with the moment that they stand for, and the seconds of the run that they cover. Nothing is offered once
// the schedule is over: then there is no rate, and none of 0.
function timelineOf(result) {
  const width = result.series_width_seconds;
  const began = Date.parse(result.started_at) / 1000;
  const ended = began + result.elapsed_seconds;
  const scheduled = Math.min(ended, present(result.ended) ? Date.parse(result.ended.at) / 1000 : ended);
  const rows = result.series.map((row) => {
    const rate = (count, until) => {
      const covered = Math.min(row.t + width, until) - Math.max(row.t, began);
      return covered >= SHORTEST_STRETCH * Math.min(width, result.elapsed_seconds) ? count / covered : null;
    };
    const [start, end] = [Math.max(row.t, began) * 1000, (row.t + width) * 1000];
    return { ...row, at: instant(start), until: instant(Math.max(start, Math.min(end, ended * 1000))), length: end - start,
      offered: rate(row.due, scheduled), achieved: rate(row.delivered, ended) };
  });
  const last = Math.max(ended, rows.length ? rows.at(-1).t : 0);
  return { result, rows, scheduled, ended, hasEnded: present(result.ended), range: [instant(began * 1000), instant(last * 1000)], phases: phasesOf(result, scheduled), length: last - began };
}

// [name, from, to] of each phase of load within the schedule, in seconds since the epoch; the last one holds, or all repeat.
function phasesOf(result, scheduled) {
  const phases = result.plan.phases ?? [];
  const planned = Date.parse(result.config.startAt);
  const found = [];
  let from = (Number.isNaN(planned) ? Date.parse(result.started_at) : planned) / 1000;
  for (let turn = 0; phases.length && from < scheduled && found.length < MOST_BANDS; turn += 1) {
    const phase = phases[turn % phases.length];
    const isLast = turn === phases.length - 1 && !result.plan.phases_repeat;
    const to = isLast ? scheduled : Math.min(scheduled, from + phase.duration_seconds / result.time_scale);
    found.push([phase.name, from, to]);
    if (isLast || to <= from) break;
    from = to;
  }
  return found;
}

function clockAxis({ range, length }, pixels) {
  const day = range[0].slice(0, 10);
  const isLong = length > DAY_SECONDS;
  const ticks = { nticks: Math.max(2, Math.floor(pixels / 75)), tickangle: 0, tickformat: isLong ? "%m-%dT%H:%M" : "%H:%M:%S" };
  return { type: "date", title: { text: `${isLong ? "from " : ""}${day}, UTC (+00:00)` }, range, ...ticks, hoverformat: "%Y-%m-%dT%H:%M:%S+00:00" };
}

// Bands for phases and the drain behind a chart, with their names if there is room, and the lines of thresholds.
function marked(id, layout, timeline, colors, thresholds = []) {
  const width = Math.max(200, byId(id).clientWidth - 75);
  const pixels = width / Math.max(timeline.length, 1e-9);
  const drain = timeline.hasEnded && timeline.ended > timeline.scheduled ? [["drain", timeline.scheduled, timeline.ended]] : [];
  const shapes = [];
  const annotations = [];
  for (const [index, [name, from, to]] of [...timeline.phases, ...drain].entries()) {
    const isDrain = index >= timeline.phases.length;
    const [x0, x1] = [instant(from * 1000), instant(to * 1000)];
    const fill = { fillcolor: isDrain ? colors.service : colors.band, opacity: isDrain ? 0.2 : index % 2 ? 0.06 : 0.16 };
    shapes.push({ type: "rect", layer: "below", x0, x1, y0: 0, y1: 1, yref: "paper", line: { width: 0 }, ...fill });
    if ((to - from) * pixels < PIXELS_A_LETTER * name.length + 6) continue;
    annotations.push({ x: instant((from + to) * 500), y: 1, yref: "paper", yanchor: "bottom", showarrow: false, text: inert(name), font: { color: colors.text, size: 11 } });
  }
  if (timeline.hasEnded) {
    const x = instant(timeline.scheduled * 1000);
    shapes.push({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: colors.service, dash: "dot", width: 1.5 } });
  }
  for (const { limit, text, passed, from, to } of thresholds) {
    const y = layout.yaxis.type === "log" ? Math.log10(limit) : limit;
    const color = passed === false ? colors.limit : colors.lag;
    shapes.push({ type: "line", x0: from, x1: to, y0: limit, y1: limit, line: { color, dash: "dash", width: 1.5 } });
    annotations.push({ x: from, xanchor: "left", y, yanchor: "bottom", showarrow: false, text: inert(text), font: { color, size: 11 } });
  }
  const above = annotations.some(({ yref }) => yref === "paper") ? { margin: MARGIN, legend: LEGEND } : {};
  return { ...above, ...layout, shapes, annotations, xaxis: clockAxis(timeline, width) };
}

// The lines of the thresholds on a figure: over the whole run, or over each stretch of the phase that one is about.
function thresholdLines({ result, range, phases }, figureName) {
  return (result.thresholds ?? []).flatMap((threshold) => {
    const [, phase, about] = THRESHOLD.exec(threshold.expression) ?? [];
    if (about !== figureName || !(threshold.limit > 0)) return [];
    const stretches = phase === undefined ? [range] : phases.filter(([name]) => name === phase).map(([, from, to]) => [instant(from * 1000), instant(to * 1000)]);
    const text = threshold.expression.replace(/^phase\..+?\.(?=response_time|service_time|lag|reports)/, "").replace(/^[a-z_]+\./, "");
    return stretches.map(([from, to]) => ({ limit: threshold.limit, passed: threshold.passed, text, from, to }));
  });
}

function rateChart(timeline, colors) {
  const { rows } = timeline;
  const at = rows.map((row) => row.at);
  const hovertemplate = "%{y:,.3~g} per second";
  const [offered, achieved] = timeline.result.asked ? ["due", "taken"] : ["offered", "achieved"];
  const layout = { yaxis: { title: { text: "reports per second" }, rangemode: "tozero" } };
  return [[
    line(offered, at, rows.map((row) => row.offered), colors.offered, { hovertemplate, line: { width: 4 } }),
    line(achieved, at, rows.map((row) => row.achieved), colors.achieved, { hovertemplate }),
  ], marked("rate", layout, timeline, colors, thresholdLines(timeline, "reports_per_second"))];
}

// At the end of each row.
function inFlightChart(timeline, colors) {
  const { rows } = timeline;
  const trace = line(timeline.result.asked ? "waiting" : "in flight", rows.map((row) => row.until), rows.map((row) => row.in_flight), colors.service,
    { fill: "tozeroy", hovertemplate: "%{y:,}" });
  return [rows.length ? [trace] : [], marked("in-flight", { showlegend: false, yaxis: { title: { text: "reports" }, rangemode: "tozero" } }, timeline, colors), { first: "at" }];
}

// Whether a quantile of a row's reports falls among those that were not delivered; one that was skipped was never started. A report
// that is asked for has its response time whatever its fate.
function isLost(row, clock, quantile, isAsked) {
  const lost = isAsked ? 0 : row.failed + (clock === "response_time_seconds" ? row.skipped : 0);
  return lost > 0 && Math.max(1, Math.ceil(quantile * (row.delivered + lost) - 1e-6)) > row.delivered;
}

function clockChart(id, timeline, clock, range, colors) {
  const { result } = timeline;
  const rows = result.asked && clock === "response_time_seconds" && result.spread?.length ? stalenessRows(result) : timeline.rows;
  const at = rows.map((row) => row.at);
  const isLostAt = (row, quantile) => isLost(row, clock, quantile, result.asked);
  const traces = [["P50", "p50", 0.5], ["P95", "p95", 0.95], ["P99", "p99", 0.99]].map(([name, key, quantile], index) => {
    const values = rows.map((row) => (isLostAt(row, quantile) ? null : row[clock][key]));
    return line(name, at, values, colors.quantiles[index], inSeconds(values));
  });
  const lost = rows.filter((row) => isLostAt(row, 0.99)).map((row) => row.at);
  if (lost.length) traces.push(crosses(lost, colors, { hoverinfo: "x+name" }));
  const lines = thresholdLines(timeline, clock.replace("_seconds", ""));
  return [traces, { ...marked(id, { yaxis: timeAxis(range) }, timeline, colors, lines), yaxis2: TOP }];
}

// The quantiles of the spread's columns, to the width of a bucket: a row of the series does not know when a report that was due in
// it was taken.
function stalenessRows(result) {
  return result.spread.filter(({ response_time: counts }) => counts.length).map(({ t, response_time: counts }) => {
    const all = counts.reduce((sum, [, count]) => sum + count, 0);
    const at = (quantile) => {
      let left = Math.max(1, Math.ceil(quantile * all - 1e-6));
      return middleOf(counts.find(([, count]) => (left -= count) <= 0)[0]);
    };
    return { at: instant(t * 1000), response_time_seconds: { p50: at(0.5), p95: at(0.95), p99: at(0.99) } };
  });
}

// Response and service time: side by side on one scale, or as one if they are the same picture.
function clockCharts(timeline, colors) {
  const { rows, result } = timeline;
  const limits = thresholdLines(timeline, "response_time").map(({ limit }) => limit);
  const range = rangeOf([...limits, ...rows.flatMap((row) => ["p50", "p99"].flatMap((key) => [row.response_time_seconds[key], row.service_time_seconds[key]]))]);
  const isOne = !result.asked && rows.length > 0 && rows.every(isAlike);
  byId("response-title").textContent = isOne ? "Response and service time: the same, since no report waited to be started" : result.asked ? "Staleness" : "Response time";
  const service = isOne ? [[], {}] : clockChart("service", timeline, "service_time_seconds", range, colors);
  return [["response", ...clockChart("response", timeline, "response_time_seconds", range, colors)], ["service", ...service]];
}

function isAlike(row) {
  return !row.skipped && ["p50", "p95", "p99"].every((key) => areAlike(row.response_time_seconds[key], row.service_time_seconds[key]));
}

function areAlike(one, other) {
  if (!present(one) || !present(other)) return present(one) === present(other);
  return Math.abs(one - other) <= Math.max(BEYOND_DOUBT, (ALIKE - 1) * Math.min(one, other));
}

function lagChart(timeline, colors) {
  const { rows, result } = timeline;
  const at = rows.map((row) => row.at);
  const limit = readDuration(result.config.lagLimit);
  const trace = (name, key, extra) => {
    const values = rows.map((row) => row.lag_seconds[key]);
    return line(name, at, values, colors.lag, { ...inSeconds(values), ...extra });
  };
  const lines = limit > 0 ? [{ limit, text: `limit ${showSeconds(limit)}`, passed: false, from: timeline.range[0], to: timeline.range[1] }] : [];
  const range = rangeOf([...rows.flatMap((row) => [row.lag_seconds.p50, row.lag_seconds.p99]), limit > 0 ? limit : null]);
  const layout = marked("lag", { yaxis: timeAxis(range) }, timeline, colors, [...lines, ...thresholdLines(timeline, "lag")]);
  return [[trace("P50", "p50", { line: { dash: "dot" } }), trace("P99", "p99")], layout];
}

function bars(timeline, name, color, count) {
  const place = { x: timeline.rows.map((row) => row.at), width: timeline.rows.map((row) => 0.94 * row.length), offset: 0 };
  return { type: "bar", name: inert(name), ...place, y: timeline.rows.map(count), marker: { color, line: { width: 0 } } };
}

function failureChart(timeline, classColors, colors) {
  const { rows } = timeline;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.failures)))].sort();
  const traces = names.map((name) => bars(timeline, className(name), classColors[name], (row) => row.failures[name] ?? 0));
  if (rows.some((row) => row.skipped)) traces.push(bars(timeline, "skipped", colors.offered, (row) => row.skipped));
  return [traces, marked("failures", { barmode: "stack", yaxis: { title: { text: "reports" }, rangemode: "tozero" } }, timeline, colors)];
}
