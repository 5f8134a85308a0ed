// The charts of a run that are not over its time, and all of them in their order.

const FAR_APART = 20; // ratio of the largest to the smallest

async function drawCharts(result, isOnPaper = false) {
  const colors = colorsFor(isOnPaper);
  const timeline = timelineOf(result);
  await drawAll([
    ["rate", ...rateChart(timeline, colors)],
    ["in-flight", ...inFlightChart(timeline, colors)],
    ["askings", ...askingsChart(result, timeline, colors)],
    ...clockCharts(timeline, colors),
    ["spread", ...spreadChart(timeline, colors)],
    ["percentiles", ...percentileChart(result, colors)],
    ["failures", ...failureChart(timeline, meanings.colors, colors)],
    ["sizes", ...sizeChart(groupsOf(result, "packages"), result, colors)],
    ["lag", ...lagChart(timeline, colors)],
    ...fleetCharts(result, colors),
  ], colors, isOnPaper);
}

// How askings ended, in the columns of the spread.
function askingsChart(result, timeline, colors) {
  const columns = (result.spread ?? []).filter(({ askings }) => askings);
  const width = result.spread_width_seconds * 1000;
  const traces = Object.entries(ASKINGS).filter(([kind]) => columns.some(({ askings }) => askings[kind])).map(([kind, name]) => ({
    type: "bar", name, x: columns.map(({ t }) => instant(t * 1000)), width: columns.map(() => 0.94 * width), offset: 0,
    y: columns.map(({ askings }) => askings[kind] ?? 0), marker: { color: colors.kinds[kind], line: { width: 0 } },
  }));
  return [traces, marked("askings", { barmode: "stack", yaxis: { title: { text: "askings" }, rangemode: "tozero" } }, timeline, colors)];
}

// P50 and P99 of each group by packages, over its packages.
function sizeChart(groups, result, colors) {
  const sizes = groups.filter(({ low, response_time_seconds: clock }) => clock.count && present(low)).map((group) => {
    const { name, low, high, totals, response_time_seconds: clock } = group;
    const time = (key) => (present(clock[key]) ? showSeconds(clock[key]) : "not delivered");
    const counts = ["due", "failed", ...(totals.skipped ? ["skipped"] : [])].map((count) => `${count} ${showCount(totals[count])}`);
    const said = [`<b>${inert(name)}</b>`, `P50 ${time("p50")}, P99 ${time("p99")}`, counts.join(", ")].join("<br>");
    return { clock, low, middle: (low + high) / 2, reach: (high - low) / 2, high, said, row: [name, time("p50"), time("p99")] };
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
  const layout = { hovermode: "closest", xaxis: sizeAxis(sizes), yaxis: timeAxis(range), yaxis2: TOP };
  return [traces, layout, { headings: ["packages", "P50", "P99"], rows: sizes.map(({ row }) => row) }];
}

// Logarithmic if sizes are far apart.
function sizeAxis(sizes) {
  const [least, most] = rangeOf(sizes.flatMap(({ low, high }) => [low, high]));
  const scale = most / least > FAR_APART ? logAxis([least, most], showCount) : { tickformat: ",d" };
  return { ...scale, title: { text: "packages" } };
}
