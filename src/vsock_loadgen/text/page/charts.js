// The charts of a run.

const SKIPPED_COLOR = "#8b94a5";
const SHORTEST_STRETCH = 0.5; // of a row's width: in less, a rate says little
const FAR_APART = 20; // the largest size is so many times the smallest

async function drawCharts(result, isOnPaper = false) {
  const colors = colorsFor(isOnPaper);
  const rows = timeRows(result);
  const drawn = [
    ["sizes", ...sizeChart(groupsOf(result, "packages"), colors)],
    ["rate", ...rateChart(rows, colors)],
    ["response", ...clockChart(rows, result, "response_time_seconds", colors)],
    ["service", ...clockChart(rows, result, "service_time_seconds", colors)],
    ["percentiles", ...percentileChart(result, colors)],
    ["lag", ...lagChart(rows, result, colors)],
    ["failures", ...failureChart(rows, meanings.colors)],
    ["packages", ...bucketChart(bucketsOf(result, "packages", "packages"), colors)],
    ["intervals", ...bucketChart(bucketsOf(result, "report_interval_seconds", "report_interval"), colors)],
  ];
  byId("failures").hidden = drawn.some(([id, traces]) => id === "failures" && traces.length === 0);
  await drawAll(drawn, colors);
}

// The rows of the series with the moment that they stand for, and the seconds of the run that they cover. Nothing is offered once the
// schedule is over: then there is no rate, and none of 0.
function timeRows(result) {
  const width = result.series_width_seconds;
  const began = Date.parse(result.started_at) / 1000;
  const ended = began + result.elapsed_seconds;
  const scheduled = Math.min(ended, present(result.ended) ? Date.parse(result.ended.at) / 1000 : ended);
  return result.series.map((row) => {
    const rate = (count, until) => {
      const covered = Math.min(row.t + width, until) - Math.max(row.t, began);
      return covered >= SHORTEST_STRETCH * Math.min(width, result.elapsed_seconds) ? count / covered : null;
    };
    const [start, end] = [Math.max(row.t, began) * 1000, (row.t + width) * 1000];
    return { ...row, at: instant(start), until: instant(end), length: end - start, offered: rate(row.due, scheduled), achieved: rate(row.delivered, ended) };
  });
}

// All charts over time have the same axis.
function clockAxis(rows) {
  const range = rows.length > 1 ? { range: [rows[0].at, rows.at(-1).until] } : {};
  return { type: "date", title: { text: "UTC" }, ...range };
}

function rateChart(rows, colors) {
  const at = rows.map((row) => row.at);
  const hovertemplate = "%{y:,.3~g} a second";
  return [[
    line("offered", at, rows.map((row) => row.offered), colors.offered, { hovertemplate, line: { width: 4 } }),
    line("achieved", at, rows.map((row) => row.achieved), colors.achieved, { hovertemplate }),
  ], { yaxis: { title: { text: "reports a second" }, rangemode: "tozero" }, xaxis: clockAxis(rows) }];
}

// Whether a quantile of a row's reports falls among those that were not delivered; one that was skipped was never started.
function isLost(row, clock, share) {
  const lost = row.failed + (clock === "response_time_seconds" ? row.skipped : 0);
  return lost > 0 && Math.max(1, Math.ceil(share * (row.delivered + lost) - 1e-6)) > row.delivered;
}

function clockChart(rows, result, clock, colors) {
  const at = rows.map((row) => row.at);
  const traces = [["P50", "p50", 0.5], ["P95", "p95", 0.95], ["P99", "p99", 0.99]].map(([name, key, share], index) => {
    const values = rows.map((row) => (isLost(row, clock, share) ? null : row[clock][key]));
    return line(name, at, values, colors.quantiles[index], { customdata: values.map(hover), hovertemplate: "%{customdata}" });
  });
  const lost = rows.filter((row) => isLost(row, clock, 0.99)).map((row) => row.at);
  if (lost.length) {
    traces.push(crosses(lost, colors, { hoverinfo: "x+name" }));
  }
  return [traces, { yaxis: timeAxis(sharedRange(rows)), xaxis: clockAxis(rows), yaxis2: TOP }];
}

// Response and service time stand side by side, on one scale.
function sharedRange(rows) {
  return rangeOf(rows.flatMap((row) => ["p50", "p99"].flatMap((key) => [row.response_time_seconds[key], row.service_time_seconds[key]])));
}

function lagChart(rows, result, colors) {
  const at = rows.map((row) => row.at);
  const limit = readDuration(result.config.lagLimit);
  const trace = (name, key, extra) => line(name, at, rows.map((row) => row.lag_seconds[key]), colors.lag,
    { customdata: rows.map((row) => hover(row.lag_seconds[key])), hovertemplate: "%{customdata}", ...extra });
  const traces = [trace("P50", "p50", { line: { dash: "dot" } }), trace("P99", "p99")];
  if (limit > 0) {
    traces.push(line("limit", at, at.map(() => limit), colors.limit, { mode: "lines", line: { dash: "dash", width: 1.5 }, hovertemplate: showSeconds(limit) }));
  }
  const range = rangeOf([...rows.flatMap((row) => [row.lag_seconds.p50, row.lag_seconds.p99]), limit > 0 ? limit : null]);
  return [traces, { yaxis: timeAxis(range), xaxis: clockAxis(rows) }];
}

function failureChart(rows, classColors) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.failures)))].sort();
  const place = { x: rows.map((row) => row.at), width: rows.map((row) => 0.94 * row.length), offset: 0 };
  const bars = (name, color, count) => ({ type: "bar", name: inert(name), ...place, y: rows.map(count), marker: { color, line: { width: 0 } } });
  const traces = names.map((name) => bars(name, classColors[name], (row) => row.failures[name] ?? 0));
  if (rows.some((row) => row.skipped)) traces.push(bars("skipped", SKIPPED_COLOR, (row) => row.skipped));
  return [traces, { barmode: "stack", yaxis: { title: { text: "reports" }, rangemode: "tozero" }, xaxis: clockAxis(rows) }];
}

// P50 and P99 of each group by packages, over its packages.
function sizeChart(groups, colors) {
  const sizes = groups.filter(({ low, response_time_seconds: clock }) => clock.count && present(low)).map((group) => {
    const { name, low, high, totals, response_time_seconds: clock } = group;
    const time = (key) => (present(clock[key]) ? showSeconds(clock[key]) : "not delivered");
    const counts = ["due", "failed", ...(totals.skipped ? ["skipped"] : [])].map((count) => `${count} ${showCount(totals[count])}`);
    const said = [`<b>${inert(name)}</b>`, `P50 ${time("p50")}, P99 ${time("p99")}`, counts.join(", ")].join("<br>");
    return { clock, low, middle: (low + high) / 2, reach: (high - low) / 2, high, said };
  });
  const place = (shown, color) => ({
    x: shown.map(({ middle }) => middle),
    error_x: { type: "data", array: shown.map(({ reach }) => reach), color, thickness: 1.5, width: 4 },
    customdata: shown.map(({ said }) => said),
    hovertemplate: "%{customdata}<extra></extra>",
  });
  const traces = [["P50", "p50", "circle", colors.achieved], ["P99", "p99", "diamond", colors.service]].map(([name, key, symbol, color]) => {
    const shown = sizes.filter(({ clock }) => present(clock[key]));
    return { type: "scatter", mode: "markers", name, y: shown.map(({ clock }) => clock[key]), marker: { symbol, color, size: 9 }, ...place(shown, color) };
  });
  const lost = place(sizes.filter(({ clock }) => !present(clock.p99)), colors.limit);
  if (lost.x.length) traces.push(crosses(lost.x, colors, lost));
  const range = rangeOf(sizes.flatMap(({ clock }) => [clock.p50, clock.p99]));
  return [traces, { hovermode: "closest", xaxis: sizeAxis(sizes), yaxis: timeAxis(range), yaxis2: TOP }];
}

// Logarithmic where sizes are far apart.
function sizeAxis(sizes) {
  const [least, most] = rangeOf(sizes.flatMap(({ low, high }) => [low, high]));
  const scale = most / least > FAR_APART ? logAxis([least, most], showCount) : { tickformat: ",d" };
  return { ...scale, title: { text: "packages" } };
}

// Every bucket has a place of its own, whatever it is called.
function bucketChart(buckets, colors) {
  const places = buckets.map((_, index) => index);
  const bars = (title, share, color) => ({ type: "bar", name: title, x: places, y: buckets.map(share), marker: { color }, hovertemplate: "%{y:.3~g} %" });
  const traces = [bars("assigned", (bucket) => bucket.actual_percent, colors.bars[1])];
  if (buckets.some((bucket) => present(bucket.percent))) traces.unshift(bars("configured", (bucket) => bucket.percent, colors.bars[0]));
  const xaxis = { tickvals: places, ticktext: buckets.map((bucket) => inert(bucket.name)), zeroline: false };
  return [traces, { barmode: "group", xaxis, yaxis: { title: { text: "% of VMs" }, rangemode: "tozero" } }];
}
