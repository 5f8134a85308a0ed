// What a reader sees first: the heading, the verdict, whether the generator was the limit, the key figures, the thresholds.

const STATUS = { passed: "\u2713 Passed", failed: "\u2717 Failed", invalid: "! Invalid", "not judged": "? Not judged", running: "\u25b6 Running" };

function showHeading(result) {
  const slice = result.slice ?? {};
  const nodes = slice.nodes ? `${slice.nodes.length} nodes` : `node ${slice.node_index}`;
  const part = slice.node_count > 1 ? `${nodes} of ${slice.node_count}, ` : "";
  const began = Date.parse(result.started_at);
  byId("subtitle").textContent = [
    `${part}${showCount(slice.vms ?? result.plan.vm_count)} VMs ${
      result.asked ? `asked at ${result.asked.listen}` : `to ${result.config.target ?? "several targets"}`
    }`,
    `${showInstant(began)}, ${showDuration(Math.round(result.elapsed_seconds * 10) / 10) || "0s"} long`,
    `seed ${result.seed}`,
    result.time_scale === 1 ? "" : `intervals divided by ${result.time_scale}`,
  ].filter(Boolean).join(" \u00b7 ");
  document.title = `${result.verdict.status}: vsock-loadgen, ${showInstant(began)}`;
}

function showVerdict(result, meanings, isLive) {
  const status = isLive && !result.ended ? "running" : result.verdict.status;
  byId("verdict").className = status in STATUS ? status.replace(" ", "-") : "invalid";
  byId("status").textContent = STATUS[status] ?? status;
  byId("status").dataset.status = status;
  byId("reasons").replaceChildren(...result.verdict.reasons.map((reason) => make("li", reason)));
  byId("limit").textContent = generatorVerdict(result);
  const meaning = result.totals.delivered ? meanings.confirmation[result.confirmation] : meanings.nothing_to_prove;
  byId("confirmation").textContent = `Confirmation: ${result.confirmation}${meaning ? `, ${meaning}` : ""}`;
}

// Whether the generator was the limit, in the words of the terminal; nothing if that is unknown.
function generatorVerdict(result) {
  const found = result.generator?.saturation;
  if (found) return `Generator: the limit. Schedule lag P99 ${showSeconds(found.lag_p99_seconds)} over ${showSeconds(found.window_seconds)}, limit ${showSeconds(found.limit_seconds)}: ${found.advice}.`;
  const lag = result.lag_seconds.p99;
  const busiest = Math.max(0, ...(result.generator?.worker_cpu_seconds ?? [])) / Math.max(result.elapsed_seconds, 1e-9);
  if (!present(lag) || !result.config.lagLimit) return "";
  return `Generator: not the limit. Schedule lag P99 ${showSeconds(lag)}, limit ${result.config.lagLimit}; busiest worker ${share(busiest)} of a processor.`;
}

function tiles(result) {
  const totals = result.totals;
  const seconds = Math.max(result.elapsed_seconds, 1e-9);
  const part = (count) => (totals.due && count ? `${showPercent((100 * count) / totals.due)} of due` : "");
  const rate = (count) => `${showNumber(count / seconds)} per second`;
  const isLate = present(result.generator?.saturation);
  const loss = (name) => {
    const remark = [part(totals[name]), totals[name] && result.asked ? ASKED_LOSSES[name] : ""].filter(Boolean).join(", ");
    return tile(name, figure(result, `totals.${name}`, showCount), remark, totals[name] && (!result.asked || name === "failed") ? "bad" : "");
  };
  return [
    tile("due", figure(result, "totals.due", showCount), rate(totals.due), ""),
    tile("delivered", figure(result, "totals.delivered", showCount), rate(totals.delivered), ""),
    loss("failed"),
    loss("skipped"),
    totals.in_flight ? tile("in flight", figure(result, "totals.in_flight", showCount), "now", "") : loss("unfinished"),
    tile(`${clockName(result, "response_time_seconds")} P50`, clockFigure(result, "response_time_seconds", "p50"), "every due report", ""),
    tile(`${clockName(result, "response_time_seconds")} P99`, clockFigure(result, "response_time_seconds", "p99"), "every due report", ""),
    result.asked
      ? tile("age when taken P50", clockFigure(result, "asked.age_when_taken_seconds", "p50"), "every delivered report", "")
      : tile("service time P99", clockFigure(result, "service_time_seconds", "p99"), "every started report", ""),
    tile("schedule lag P99", clockFigure(result, "lag_seconds", "p99"), `limit ${result.config.lagLimit ?? "-"}`, isLate ? "warn" : ""),
    tile("delivered bytes", figure(result, "totals.bytes", showBytes), `${showBytes(totals.bytes / seconds)} per second`, ""),
  ];
}

function showThresholds(result) {
  const thresholds = result.thresholds ?? [];
  byId("thresholds").hidden = thresholds.length === 0;
  fillTable(byId("thresholds").querySelector("table"), ["result", make("th", "expected", "left"), "measured"], thresholds.map((threshold, index) => {
    const measured = figure(result, `thresholds.${index}.value`, UNITS[threshold.unit] ?? showNumber);
    if (!present(threshold.value)) measured.textContent = "not delivered";
    if (threshold.passed === null) measured.textContent = "-"; // no report that it is about was due
    return [thresholdMark(threshold.passed), make("td", threshold.expression, "left"), measured];
  }));
}

function thresholdMark(passed) {
  if (passed === null) return make("td", "not judged");
  return passed ? make("td", "\u2713 met", "mark pass") : make("td", "\u2717 missed", "mark missing");
}

