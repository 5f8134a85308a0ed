// Times by percentile, out of the histograms: bucket layout and nearest rank as in the tool.

const STEPS_A_DECADE = 24;

// The time at a rank (from 1) of a histogram, in seconds.
function rankReader(histogram) {
  const half = 2 ** histogram.subbucket_bits;
  const reached = [];
  let count = 0;
  for (const [bucket, times] of histogram.counts) {
    count += times;
    reached.push([count, bucket]);
  }
  const middle = (bucket) => {
    const width = 2 ** Math.max(0, Math.floor(bucket / half) - 1);
    return (bucket - (Math.log2(width) * half)) * width + Math.floor(width / 2);
  };
  const at = (rank) => {
    if (rank === count) return histogram.max / 1e9;
    let [low, high] = [0, reached.length - 1];
    while (low < high) {
      const centre = (low + high) >> 1;
      if (reached[centre][0] >= rank) high = centre;
      else low = centre + 1;
    }
    return Math.min(middle(reached[low][1]), histogram.max) / 1e9;
  };
  return { count, at };
}

// [1 / (1 - share), seconds] for shares that come ever closer to 1; a report beyond the recorded ones is longer than any.
function percentileCurve(histogram, beyond) {
  const { count, at } = rankReader(histogram);
  const everything = count + beyond;
  const points = [];
  for (let step = 0; count && 10 ** (step / STEPS_A_DECADE) <= everything; step += 1) {
    const stretched = 10 ** (step / STEPS_A_DECADE);
    const rank = Math.max(1, Math.ceil((1 - 1 / stretched) * everything - 1e-6));
    if (rank > count) break;
    points.push([stretched, at(rank)]);
  }
  if (!beyond && count) points.push([everything, at(count)]);
  return points;
}

function percentileName(stretched) {
  return `${Number((100 * (1 - 1 / stretched)).toPrecision(7))} %`;
}

function percentileChart(result, colors) {
  const recorded = (key) => rankReader(result.histograms[key]).count;
  const undelivered = result.asked ? 0 : Math.max(0, result.response_time_seconds.count - recorded("response_time"));
  const beyond = { response_time: undelivered, service_time: Math.max(0, result.service_time_seconds.count - recorded("service_time")), lag: 0 };
  const [response, service, lag] = ["response_time", "service_time", "lag"].map((key) => percentileCurve(result.histograms[key], beyond[key]));
  const name = (key) => clockName(result, `${key}_seconds`);
  const isOne = !result.asked && response.length === service.length && response.every(([, time], index) => areAlike(time, service[index][1]));
  const curves = [
    [isOne ? "response and service time" : name("response_time"), response, colors.achieved, {}],
    ...(isOne ? [] : [[name("service_time"), service, colors.service, { dash: "dash" }]]),
    ...(result.asked ? [["age when taken", percentileCurve(result.asked.age_histogram, 0), colors.quantiles[2], { dash: "dashdot" }]] : []),
    [name("lag"), lag, colors.lag, { dash: "dot" }],
  ].filter(([, points]) => points.length);
  const traces = curves.map(([called, points, color, style]) => {
    const says = points.map(([, y]) => showSeconds(y));
    return line(called, points.map(([x]) => x), points.map(([, y]) => y), color, {
      mode: points.length > 1 ? "lines" : "markers", line: style, says,
      customdata: points.map(([x], index) => [percentileName(x), says[index]]), hovertemplate: "%{customdata[0]}: %{customdata[1]}",
    });
  });
  const ticks = [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  const most = Math.max(10, result.response_time_seconds.count, ...curves.flatMap(([, points]) => points.slice(-1).map(([x]) => x)));
  const xaxis = { type: "log", range: [0, Math.log10(most)], tickvals: ticks, ticktext: ticks.map(percentileName), tickangle: 0, title: { text: "percentile" }, showspikes: false };
  const layout = { hovermode: "closest", xaxis, yaxis: timeAxis(rangeOf(curves.flatMap(([, points]) => points.slice(1).map(([, y]) => y)))) };
  const mark = undelivered ? beyondMark(result.response_time_seconds.count, undelivered, colors) : {};
  return [traces, { ...layout, ...mark }, { first: "percentile", show: percentileName }];
}

// Where the response times of delivered reports end.
function beyondMark(everything, undelivered, colors) {
  const x = everything / undelivered;
  return {
    margin: MARGIN,
    legend: LEGEND,
    shapes: [{ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: colors.limit, dash: "dot", width: 1.5 } }],
    annotations: [{ x: Math.log10(x), y: 1, yref: "paper", xanchor: x > Math.sqrt(everything) ? "right" : "left", yanchor: "bottom", showarrow: false,
      text: ` ${showPercent((100 * undelivered) / everything)} not delivered `, font: { color: colors.limit } }],
  };
}
