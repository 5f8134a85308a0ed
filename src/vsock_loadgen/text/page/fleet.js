// Planned and seen: the percentage of the VMs that have at most a number of packages, or an interval.

function curve(name, points, color, show, style = {}) {
  const says = points.map(([, percent]) => showPercent(percent));
  return line(name, points.map(([value]) => value), points.map(([, percent]) => percent), color, {
    mode: points.length > 1 ? "lines" : "markers", line: { shape: "hv", ...style }, says,
    customdata: points.map(([value], index) => `${show(value)} or less: ${says[index]}`), hovertemplate: "%{customdata}",
  });
}

// [value, percent] from counts by value; the values `scale` times larger.
function cumulated(counts, scale = 1) {
  const pairs = Object.entries(counts ?? {}).map(([value, count]) => [Number(value) * scale, count]).filter(([value, count]) => value > 0 && count > 0);
  pairs.sort(([one], [other]) => one - other);
  const all = pairs.reduce((sum, [, count]) => sum + count, 0);
  let reached = 0;
  return pairs.map(([value, count]) => [value, (100 * (reached += count)) / all]);
}

// What the plan has, or the buckets of a result of an older release.
function plannedOf(attribute) {
  if (attribute?.cumulative) return attribute.cumulative;
  const buckets = attribute?.buckets ?? [];
  if (buckets.some(({ value }) => typeof value !== "number")) return [];
  return cumulated(Object.fromEntries(buckets.map(({ value, vms }) => [value, vms])));
}

function fleetCharts(result, colors) {
  const isSeen = !present(result.receiver?.not_seen?.report_interval);
  return [
    ["packages", ...fleetChart(plannedOf(result.plan.packages), cumulated(result.receiver?.vms_by_packages), "packages", showCount, colors)],
    ["intervals", ...fleetChart(plannedOf(result.plan.report_interval_seconds), isSeen ? cumulated(result.receiver?.vms_by_gap_seconds, result.time_scale) : [],
      "report interval", showDuration, colors)],
  ];
}

function fleetChart(planned, seen, title, show, colors) {
  const values = [...planned, ...seen].map(([value]) => value);
  if (!planned.length || new Set(values).size < 2) return [[], {}]; // one value is no curve
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isWide = most / least > FAR_APART;
  const range = isWide ? [least / 1.3, most * 1.3] : [Math.max(0, least - 0.1 * (most - least) - 0.1 * least), most + 0.1 * (most - least) + 0.1 * least];
  const ended = (points) => (points.length ? [[range[0], 0], ...points, [range[1], points.at(-1)[1]]] : []);
  const traces = [curve("planned", ended(planned), colors.offered, show, { width: 6 })];
  if (seen.length) traces.push(curve("seen", ended(seen), colors.achieved, show));
  const ticks = isWide ? logAxis(range, (value) => show(Number(value.toPrecision(1)))) : { range, nticks: 6 };
  const rows = planned.map(([value, percent]) => [show(value), showPercent(percent), seen.length ? showPercent(reachedBy(seen, value)) : "-"]);
  const layout = { hovermode: "closest", xaxis: { ...ticks, title: { text: title === "packages" ? title : `${title}, seconds` } }, yaxis: { title: { text: "% of VMs" }, range: [0, 104] } };
  return [traces, layout, { headings: [`${title}, at most`, "planned", "seen"], rows }];
}

function reachedBy(points, value) {
  return points.reduce((reached, [each, percent]) => (each <= value ? percent : reached), 0);
}
