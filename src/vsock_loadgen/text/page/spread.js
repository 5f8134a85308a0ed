// The heat map of response times over the run: how many reports took how long, and how many were not delivered.

const MOST_ACROSS = 240;
const LEAST_PEAK = 0.1; // of the largest, for a second kind of reports
const DEEPEST_VALLEY = 0.5; // of the lower of two peaks: they are two if fewer are between them

// The lower bound of a bucket in seconds: the layout of the tool's histograms, with fewer bits.
function boundOf(bucket) {
  const half = 2 ** meanings.spread_bits;
  const shift = Math.max(0, Math.floor(bucket / half) - 1);
  return (bucket - shift * half) * 2 ** shift / 1e9;
}

// The place of a time among the buckets, as a number with a fraction.
function placeOf(seconds) {
  let bucket = 0;
  while (boundOf(bucket + 1) <= seconds) bucket += 1;
  return bucket + (seconds - boundOf(bucket)) / (boundOf(bucket + 1) - boundOf(bucket));
}

function middleOf(bucket) {
  return (boundOf(bucket) + boundOf(bucket + 1)) / 2;
}

function rangeText(bucket) {
  return `${showSeconds(boundOf(bucket))} to ${showSeconds(boundOf(bucket + 1))}`;
}

// Columns of one width, without gaps: {t, counts, lost}.
function spreadOf(result) {
  const columns = result.spread ?? [];
  if (!columns.length) return { width: 1, columns: [] };
  const [first, last] = [columns[0].t, columns.at(-1).t];
  let width = result.spread_width_seconds;
  while ((last - first) / width > MOST_ACROSS) width *= 2;
  const start = first - (first % width);
  const made = Array.from({ length: Math.floor((last - start) / width) + 1 }, (_, index) => ({ t: start + index * width, counts: new Map(), lost: 0 }));
  const at = (t) => made[Math.min(made.length - 1, Math.max(0, Math.floor((t - start) / width)))];
  for (const { t, response_time: counts } of columns) {
    for (const [bucket, count] of counts) at(t).counts.set(bucket, (at(t).counts.get(bucket) ?? 0) + count);
  }
  if (!result.asked) for (const row of result.series) at(row.t).lost += row.failed + row.skipped;
  return { width, columns: made };
}

function spreadChart(timeline, colors) {
  const { width, columns } = spreadOf(timeline.result);
  const buckets = columns.flatMap(({ counts }) => [...counts.keys()]);
  byId("peaks").textContent = peaksText(columns);
  if (!buckets.length) return [[], {}];
  const [least, most] = [buckets.reduce((a, b) => Math.min(a, b)), buckets.reduce((a, b) => Math.max(a, b))];
  const isLossy = columns.some(({ lost }) => lost);
  const x = columns.map(({ t }) => instant((t + width / 2) * 1000));
  const rows = Array.from({ length: most - least + 1 }, (_, index) => least + index);
  const heat = (y, counts, colorscale, says) => ({ type: "heatmap", x, y, z: counts.map((row) => row.map((count) => (count ? Math.sqrt(count) : null))),
    customdata: counts.map((row, index) => row.map((count) => [showCount(count), says(index)])), hovertemplate: "%{x}<br>%{customdata[1]}: %{customdata[0]} reports<extra></extra>",
    colorscale: colorscale.map((color, index) => [index / (colorscale.length - 1), color]), zmin: 0, showscale: false, hoverongaps: false, xgap: columns.length > 120 ? 0 : 1, ygap: 1 });
  const traces = [heat(rows.map((bucket) => bucket + 0.5), rows.map((bucket) => columns.map(({ counts }) => counts.get(bucket) ?? 0)), colors.heat, (index) => rangeText(rows[index]))];
  const top = most + 3;
  if (isLossy) traces.push(heat([top - 0.5], [columns.map(({ lost }) => lost)], colors.lost, () => "not delivered"));
  const layout = marked("spread", { showlegend: false, hovermode: "closest", yaxis: spreadAxis(least, most + 1, isLossy ? top : null) }, timeline, colors);
  return [traces, layout, spreadData(columns)];
}

function spreadAxis(least, most, lost) {
  const [low, high] = [Math.max(boundOf(least), 1e-9), boundOf(most)];
  const factors = Math.log10(high / low) > 2.5 ? [1] : [1, 2, 5];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    ticks.push(...factors.map((factor) => Number((factor * 10 ** power).toPrecision(1))).filter((tick) => tick >= low && tick <= high));
  }
  const tickvals = ticks.map(placeOf);
  const ticktext = ticks.map(showSeconds);
  if (lost) [tickvals.push(lost - 0.5), ticktext.push("not delivered")];
  return { range: [least - 0.5, lost ? lost + 0.5 : most + 0.5], tickvals, ticktext, zeroline: false, showgrid: false };
}

function spreadData(columns) {
  const rows = columns.filter(({ counts, lost }) => counts.size || lost).map(({ t, counts, lost }) => {
    const buckets = [...counts.keys()].sort((one, other) => one - other);
    const number = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const densest = buckets.reduce((best, bucket) => (counts.get(bucket) > (counts.get(best) ?? 0) ? bucket : best), buckets[0]);
    return [showInstant(t * 1000), showCount(number), ...(number ? [rangeText(buckets[0]), rangeText(densest), rangeText(buckets.at(-1))] : ["-", "-", "-"]), showCount(lost)];
  });
  return { headings: ["from", "reports", "fastest", "most", "slowest", "not delivered"], rows };
}

// The times that the whole run's gather around, if there are several: peaks of the counts by bucket with a valley between them.
function peaksOf(columns) {
  const counts = new Map();
  for (const column of columns) for (const [bucket, count] of column.counts) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  const buckets = [...counts.keys()];
  if (!buckets.length) return [];
  const [least, most] = [Math.min(...buckets), Math.max(...buckets)];
  const at = (bucket) => counts.get(bucket) ?? 0;
  const smooth = (bucket) => (at(bucket - 1) + 2 * at(bucket) + at(bucket + 1)) / 4;
  const highest = Math.max(...buckets.map(smooth));
  const peaks = [];
  let valley = Infinity;
  for (let bucket = least; bucket <= most; bucket += 1) {
    const height = smooth(bucket);
    valley = Math.min(valley, height);
    const last = peaks.at(-1);
    if (height < LEAST_PEAK * highest || height < smooth(bucket + 1) || height < smooth(bucket - 1)) continue;
    if (last && valley > DEEPEST_VALLEY * Math.min(height, last.height)) {
      if (height > last.height) [last.bucket, last.height] = [bucket, height];
    } else {
      peaks.push({ bucket, height });
    }
    valley = height;
  }
  return peaks.map(({ bucket }) => middleOf(bucket));
}

function peaksText(columns) {
  const peaks = peaksOf(columns).map(showSeconds);
  return peaks.length > 1 ? `Over the whole run, times gather around ${peaks.slice(0, -1).join(", ")} and ${peaks.at(-1)}.` : "";
}
