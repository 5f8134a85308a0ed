// The charts of a search: every trial at its load.

const SYMBOLS = { holds: "circle", misses: "x", late: "diamond-open" };
const ROOM_FOR_WORDS = 1.35;
const LEAST_IN_FLIGHT = 0.1; // stands for 0, which has no logarithm

async function drawCharts(capacity, isOnPaper = false) {
  const colors = colorsFor(isOnPaper);
  const drawn = [
    ["throughput", ...throughputChart(capacity, colors), dataOf(capacity, ["delivered per second", (trial) => showNumber(trial.delivered_per_second)])],
    ["response", ...responseChart(capacity, colors), dataOf(capacity, ["P50", timeOf("p50")], ["P99", timeOf("p99")])],
    ["in-flight", ...inFlightChart(capacity, colors), dataOf(capacity, ["reports in flight, part by part", (trial) => trial.in_flight.map(showNumber).join(", ")])],
  ];
  await drawAll(drawn, colors, isOnPaper);
}

// A row for each trial, with its load and what a chart has of it.
function dataOf(capacity, ...columns) {
  const rows = capacity.trials.map((trial) => [showCount(trial.number), trial.verdict, showNumber(trial.reports_per_second), ...columns.map(([, show]) => show(trial))]);
  return { headings: ["trial", "shows", "due per second", ...columns.map(([name]) => name)], rows };
}

function timeOf(quantile) {
  const key = `response_time_${quantile}_seconds`;
  return (trial) => (present(trial[key]) ? showSeconds(trial[key]) : trial.due ? "not delivered" : "-");
}

function verdictColors(colors) {
  return { holds: colors.lag, misses: colors.limit, late: colors.offered };
}

function trialText(trial) {
  return `trial ${trial.number}: ${inert(trial.verdict)} ${showNumber(trial.reports_per_second)} /s`;
}

// From 0, with room for the words at the upper bound.
function loadAxis(capacity) {
  const most = capacity.trials.reduce((load, trial) => Math.max(load, trial.reports_per_second), 0);
  const room = ROOM_FOR_WORDS * (capacity.misses?.reports_per_second ?? 0);
  return { title: { text: "reports due per second" }, range: [0, Math.max(1.06 * most, room)], zeroline: false };
}

// The bounds of the search as lines, and the knee between them as a band.
function boundsMarks(capacity, colors) {
  const load = (name) => capacity[name]?.reports_per_second;
  const [low, high] = [load("holds"), load("misses")];
  const upright = (x, color) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color, dash: "dash", width: 1.5 } });
  const says = (x, text, color, xanchor) => ({ x, y: 1, yref: "paper", yanchor: "bottom", xanchor, showarrow: false, text, font: { color } });
  const shapes = [];
  const annotations = [];
  if (present(low) && present(high)) {
    shapes.push({ type: "rect", x0: low, x1: high, y0: 0, y1: 1, yref: "paper", layer: "below", line: { width: 0 }, fillcolor: colors.limit, opacity: 0.14 });
  }
  if (present(low)) {
    shapes.push(upright(low, colors.lag));
    annotations.push(says(low, `holds ${showNumber(low)} `, colors.lag, "right"));
  }
  if (present(high)) {
    shapes.push(upright(high, colors.limit));
    annotations.push(says(high, ` misses ${showNumber(high)}`, colors.limit, "left"));
  }
  return { shapes, annotations };
}

function throughputChart(capacity, colors) {
  const { shapes, annotations } = boundsMarks(capacity, colors);
  const xaxis = loadAxis(capacity);
  const byVerdict = verdictColors(colors);
  const traces = [line("as due", [0, xaxis.range[1]], [0, xaxis.range[1]], colors.offered, { mode: "lines", hoverinfo: "skip", line: { dash: "dot", width: 1.5 } })];
  for (const verdict of Object.keys(SYMBOLS)) {
    const trials = capacity.trials.filter((trial) => trial.verdict === verdict);
    if (!trials.length) continue;
    traces.push({
      type: "scatter", mode: "markers", name: verdict, x: trials.map((trial) => trial.reports_per_second), y: trials.map((trial) => trial.delivered_per_second),
      marker: { symbol: SYMBOLS[verdict], color: byVerdict[verdict], size: 9 },
      customdata: trials.map((trial) => `${trialText(trial)}<br>delivered ${showNumber(trial.delivered_per_second)} /s`), hovertemplate: "%{customdata}<extra></extra>",
    });
  }
  const plateau = capacity.plateau_reports_per_second;
  if (present(plateau)) {
    shapes.push({ type: "line", x0: 0, x1: 1, xref: "paper", y0: plateau, y1: plateau, line: { color: colors.achieved, dash: "dash", width: 1.5 } });
    annotations.push({ x: 0, xref: "paper", xanchor: "left", y: plateau, yanchor: "bottom", showarrow: false, text: ` plateau ${showNumber(plateau)}`, font: { color: colors.achieved } });
  }
  return [traces, { hovermode: "closest", legend: LEGEND, margin: MARGIN, shapes, annotations, xaxis, yaxis: { title: { text: "delivered per second" }, rangemode: "tozero" } }];
}

// P50 and P99 of every trial, with a line through the middle one of each load.
function responseChart(capacity, colors) {
  const { shapes, annotations } = boundsMarks(capacity, colors);
  const traces = [["P50", "response_time_p50_seconds", colors.achieved], ["P99", "response_time_p99_seconds", colors.service]].flatMap(([name, key, color]) => {
    const trials = capacity.trials.filter((trial) => present(trial[key]));
    const middle = middles(trials, key);
    return [
      line(name, middle.map(([x]) => x), middle.map(([, y]) => y), color, { mode: "lines", legendgroup: name, showlegend: false, hoverinfo: "skip" }),
      {
        type: "scatter", mode: "markers", name, legendgroup: name, x: trials.map((trial) => trial.reports_per_second), y: trials.map((trial) => trial[key]),
        marker: { symbol: trials.map((trial) => SYMBOLS[trial.verdict]), color, size: 8 },
        customdata: trials.map((trial) => `${trialText(trial)}<br>${name} ${showSeconds(trial[key])}`), hovertemplate: "%{customdata}<extra></extra>",
      },
    ];
  });
  const lost = capacity.trials.filter((trial) => trial.due && !present(trial.response_time_p99_seconds));
  if (lost.length) {
    traces.push(crosses(lost.map((trial) => trial.reports_per_second), colors, { customdata: lost.map(trialText), hovertemplate: "%{customdata}<br>P99 not delivered<extra></extra>" }));
  }
  const limits = timeLimits(capacity);
  for (const [goal, limit] of limits) {
    shapes.push({ type: "line", x0: 0, x1: 1, xref: "paper", y0: limit, y1: limit, line: { color: colors.limit, dash: "dot", width: 1.5 } });
    annotations.push({ x: 0, xref: "paper", xanchor: "left", y: Math.log10(limit), yanchor: "bottom", showarrow: false, text: ` ${inert(meanings.goals[goal].heading)}`, font: { color: colors.limit } });
  }
  const times = capacity.trials.flatMap((trial) => [trial.response_time_p50_seconds, trial.response_time_p99_seconds]);
  const yaxis = timeAxis(rangeOf([...times, ...limits.map(([, limit]) => limit)]));
  return [traces, { hovermode: "closest", legend: LEGEND, margin: MARGIN, shapes, annotations, xaxis: loadAxis(capacity), yaxis, yaxis2: TOP }];
}

// [goal, seconds] of those about the response time of the whole fleet, which is what the chart shows.
function timeLimits(capacity) {
  const ofTheFleet = capacity.goals.filter((goal) => goal.startsWith("response_time."));
  return ofTheFleet.map((goal) => [goal, meanings.goals[goal].limit]).filter(([, limit]) => limit > 0);
}

// [load, median] of a figure of some trials, the lowest load first.
function middles(trials, key) {
  const loads = [...new Set(trials.map((trial) => trial.reports_per_second))].sort((a, b) => a - b);
  return loads.map((load) => {
    const values = trials.filter((trial) => trial.reports_per_second === load).map((trial) => trial[key]).sort((a, b) => a - b);
    return [load, values[Math.floor((values.length - 1) / 2)]];
  });
}

// The backlog of every trial over its window, with the load of each at its end: those of the bounds stand out. The fall after the
// highest point of a trial that was cut short is its end, not an effect of the target.
function inFlightChart(capacity, colors) {
  const byVerdict = verdictColors(colors);
  const [seen, named] = [new Set(), new Set()];
  const traces = capacity.trials.filter((trial) => trial.in_flight.length).map((trial) => {
    const parts = trial.in_flight.length;
    const shown = trial.cut ? trial.in_flight.slice(0, trial.in_flight.indexOf(Math.max(...trial.in_flight)) + 1) : trial.in_flight;
    const isBound = isAt(trial, capacity.holds) || isAt(trial, capacity.misses);
    const name = named.has(trial.reports_per_second) ? "" : showNumber(trial.reports_per_second);
    const isFirst = !seen.has(trial.verdict);
    seen.add(trial.verdict);
    named.add(trial.reports_per_second);
    return line(trial.verdict, shown.map((_, index) => (100 * (index + 0.5)) / parts), shown.map((value) => Math.max(value, LEAST_IN_FLIGHT)), byVerdict[trial.verdict], {
      mode: "lines+markers+text", text: shown.map((_, index) => (index === shown.length - 1 ? name : "")), textposition: "middle right",
      textfont: { color: byVerdict[trial.verdict], size: 11 }, cliponaxis: false,
      legendgroup: trial.verdict, showlegend: isFirst, line: { width: isBound ? 2.5 : 1 }, opacity: isBound ? 1 : 0.7,
      customdata: shown.map((value) => `${trialText(trial)}<br>${showNumber(value)} in flight`), hovertemplate: "%{customdata}<extra></extra>",
    });
  });
  const range = rangeOf(traces.flatMap((trace) => trace.y));
  const xaxis = { title: { text: "% of the trial's window" }, range: [0, 104], tickvals: [0, 25, 50, 75, 100], zeroline: false };
  return [traces, { hovermode: "closest", xaxis, yaxis: { ...logAxis(range, showNumber), title: { text: "reports in flight" } } }];
}
