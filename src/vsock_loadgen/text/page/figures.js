// Everything on the page that is not a chart.

const STATUS = { passed: "\u2713 Passed", failed: "\u2717 Failed", invalid: "! Invalid", "not judged": "? Not judged", running: "\u25b6 Running" };
const QUANTILES = [["P50", "p50"], ["P95", "p95"], ["P99", "p99"], ["P99.9", "p999"], ["max", "max"], ["mean", "mean"]];
const CLOCKS = [["response time", "response_time_seconds"], ["service time", "service_time_seconds"], ["schedule lag", "lag_seconds"]];
const DIMENSIONS = { packages: "packages", report_interval: "report interval", profile: "profile" };
const UNITS = { seconds: showSeconds, percent: showPercent, per_second: (value) => `${showNumber(value)} a second` };

function showFigures(result, meanings, isLive) {
  showHeading(result);
  showVerdict(result, meanings, isLive);
  byId("tiles").replaceChildren(...tiles(result));
  showThresholds(result);
  for (const name of Object.keys(DIMENSIONS)) showGroups(result, name);
  showPhases(result);
  showTimes(result);
  showLosses(result, meanings);
  showFleet(result);
  showOtherEnd(result);
  showRun(result);
}

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
  const meaning = result.totals.delivered ? meanings.confirmation[result.confirmation] : meanings.nothing_to_prove;
  byId("confirmation").textContent = `Confirmation: ${result.confirmation}${meaning ? `, ${meaning}` : ""}`;
}

function tiles(result) {
  const totals = result.totals;
  const seconds = Math.max(result.elapsed_seconds, 1e-9);
  const share = (count) => (totals.due && count ? `${showPercent((100 * count) / totals.due)} of due` : "");
  const rate = (count) => `${showNumber(count / seconds)} a second`;
  const isLate = present(result.generator?.saturation);
  const loss = (name) => tile(name, figure(result, `totals.${name}`, showCount), share(totals[name]), totals[name] ? "bad" : "");
  return [
    tile("due", figure(result, "totals.due", showCount), rate(totals.due), ""),
    tile("delivered", figure(result, "totals.delivered", showCount), rate(totals.delivered), ""),
    loss("failed"),
    loss("skipped"),
    totals.in_flight ? tile("in flight", figure(result, "totals.in_flight", showCount), "now", "") : loss("unfinished"),
    tile("response time P50", clockFigure(result, "response_time_seconds", "p50"), "every due report", ""),
    tile("response time P99", clockFigure(result, "response_time_seconds", "p99"), "every due report", ""),
    tile("service time P99", clockFigure(result, "service_time_seconds", "p99"), "every started report", ""),
    tile("schedule lag P99", clockFigure(result, "lag_seconds", "p99"), `limit ${result.config.lagLimit ?? "-"}`, isLate ? "warn" : ""),
    tile("delivered bytes", figure(result, "totals.bytes", showBytes), `${showBytes(totals.bytes / seconds)} a second`, ""),
  ];
}

// A quantile, or "not delivered" where it falls among reports that never were.
function clockFigure(result, clock, quantile) {
  const element = figure(result, `${clock}.${quantile}`, showSeconds);
  if (!present(lookUp(result, `${clock}.${quantile}`)) && lookUp(result, `${clock}.count`)) {
    element.textContent = "not delivered";
    element.className = "missing";
  }
  return element;
}

function showThresholds(result) {
  const thresholds = result.thresholds ?? [];
  byId("thresholds").hidden = thresholds.length === 0;
  fillTable(byId("thresholds").querySelector("table"), ["", make("th", "expected", "left"), "measured"], thresholds.map((threshold, index) => {
    const measured = figure(result, `thresholds.${index}.value`, UNITS[threshold.unit] ?? showNumber);
    if (!present(threshold.value)) measured.textContent = "not delivered";
    if (threshold.passed === null) measured.textContent = "-"; // nothing was due of what it is about
    return [thresholdMark(threshold.passed), make("td", threshold.expression, "left"), measured];
  }));
}

function thresholdMark(passed) {
  if (passed === null) return make("td", "not judged");
  return passed ? make("td", "\u2713 met", "mark pass") : make("td", "\u2717 missed", "mark missing");
}

// The groups of VMs in a dimension; none in results of older releases.
function groupsOf(result, name) {
  return result.groups?.[name] ?? [];
}

// One group is the whole run, which the tiles show.
function showGroups(result, name) {
  const groups = groupsOf(result, name);
  const section = byId(`by-${name}`);
  section.hidden = groups.length < 2;
  if (section.hidden) return;
  const counts = ["due", "delivered", "failed", ...(result.totals.skipped ? ["skipped"] : [])];
  const isSeen = groups.some((group) => group.seen);
  const headings = [DIMENSIONS[name], make("th", "VMs", "extra"), ...counts.map((count) => make("th", count, countClass(count))),
    "response time P50", "P99", ...(isSeen ? ["seen"] : [])];
  fillTable(section.querySelector("table"), headings, groups.map((group, index) => {
    const path = `groups.${name}.${index}`;
    return [
      group.name,
      make("td", figure(result, `${path}.vms`, showCount), "extra"),
      ...counts.map((count) => make("td", figure(result, `${path}.totals.${count}`, showCount), countClass(count, group.totals[count]))),
      clockFigure(result, `${path}.response_time_seconds`, "p50"),
      clockFigure(result, `${path}.response_time_seconds`, "p99"),
      ...(isSeen ? [seenFigure(result, group, path)] : []),
    ];
  }));
  showSeenRemark(result, name, isSeen, section.querySelector(".remark"));
}

// What a narrow window has no room for is extra; failed reports stand out.
function countClass(count, value = 0) {
  if (count === "delivered") return "extra";
  return count === "failed" && value ? "missing" : "";
}

// VMs that arrived as planned, of those that could be known; reports where VMs cannot be told apart.
function seenFigure(result, { seen }, path) {
  if (!seen) return "-";
  if (!present(seen.vms)) return make("span", [figure(result, `${path}.seen.reports`, showCount), " reports"]);
  return make("span", [figure(result, `${path}.seen.vms`, showCount), " of ", figure(result, `${path}.seen.knowable`, showCount)]);
}

function showSeenRemark(result, name, isSeen, remark) {
  const reason = result.receiver?.not_seen?.[name];
  const isByVm = groupsOf(result, name).some(({ seen }) => present(seen?.vms));
  remark.hidden = !isByVm && !present(reason);
  if (isByVm) remark.textContent = "Seen: VMs that arrived at the run's own receiver as planned, of those of which it could be known.";
  else if (present(reason)) remark.textContent = `What the run's own receiver saw of each group is not known: ${plainText(reason)}.`;
}

function showPhases(result) {
  const phases = result.phases ?? [];
  byId("phases").hidden = phases.length === 0;
  const counts = ["due", "delivered", "failed", ...(result.totals.skipped ? ["skipped"] : [])];
  const headings = ["phase", ...counts.map((count) => make("th", count, countClass(count))), "response time P50", "P99"];
  fillTable(byId("phases").querySelector("table"), headings, phases.map((phase, index) => [
    phase.name,
    ...counts.map((count) => make("td", figure(result, `phases.${index}.totals.${count}`, showCount), countClass(count, phase.totals[count]))),
    clockFigure(result, `phases.${index}.response_time_seconds`, "p50"),
    clockFigure(result, `phases.${index}.response_time_seconds`, "p99"),
  ]));
}

function showTimes(result) {
  const counts = CLOCKS.map(([, clock]) => figure(result, `${clock}.count`, showCount));
  const rows = QUANTILES.map(([name, quantile]) => [name, ...CLOCKS.map(([, clock]) => clockFigure(result, clock, quantile))]);
  fillTable(byId("times"), ["", ...CLOCKS.map(([name]) => name)], [["reports", ...counts], ...rows]);
}

// The same of a fleet that is asked: what nobody asked for in time, and how stale that leaves what the asker knows.
function lossesOfAsked(result) {
  const totals = result.totals;
  const ends = Object.entries(result.askings?.by_kind ?? {}).map(([kind, count]) => `${showCount(count)} ${kind}`);
  const stale = result.response_time_seconds.p99;
  const known = present(stale) ? `What the scanner knows is up to ${showSeconds(stale)} old (P99); ` : "";
  return `Of ${showCount(totals.due)} due reports ${showCount(totals.failed)} were asked for in vain, nobody asked in time for ` +
    `${showCount(totals.skipped)} (skipped), and ${showCount(totals.unfinished || totals.in_flight)} wait to be asked for. ${known}` +
    `${showCount(result.asked.open)} reports were open at the end, with the age that they had. Askings: ${ends.join(", ") || "none"}.`;
}

function showLosses(result, meanings) {
  const totals = result.totals;
  const lost = totals.failed + totals.skipped + totals.unfinished;
  byId("losses").textContent = result.asked ? lossesOfAsked(result) : lost
    ? `${showCount(lost)} of ${showCount(totals.due)} due reports were not delivered: ${showCount(totals.failed)} failed, ` +
      `${showCount(totals.skipped)} skipped, since the VM's last report was still under way, and ${showCount(totals.unfinished)} ` +
      "unfinished, still under way or not started at the end."
    : totals.in_flight ? "Nothing was lost so far." : "Every due report was delivered.";
  byId("classes").hidden = !totals.failed;
  const classes = Object.entries(result.failures).sort((one, other) => other[1] - one[1]);
  fillTable(byId("classes"), ["class", "reports", make("th", "last message", "left"), make("th", "meaning", "left")], classes.map(([name]) => [
    name,
    figure(result, `failures.${name}`, showCount),
    make("td", result.last_errors?.[name] ?? "", "prose"),
    make("td", meanings.failures[name] ?? "", "prose"),
  ]));
}

function showFleet(result) {
  const slice = result.slice ?? {};
  const isPart = present(slice.vms) && slice.vms !== result.plan.vm_count;
  byId("fleet").textContent = `Configured and assigned are those of the whole fleet of ${showCount(result.plan.vm_count)} VMs` +
    (isPart ? `; this run had ${showCount(slice.vms)} of them.` : ".") +
    (result.receiver ? "" : " Nobody counted the VMs at the other end.");
  showProfiles(result);
  showAttribute(result, "packages", "packages", "packages", showCount);
  showAttribute(result, "report_interval_seconds", "report_interval", "intervals", showDuration);
  const ungrouped = lookUp(result, "receiver.ungrouped");
  if (ungrouped) byId("fleet").append(` ${showCount(ungrouped)} VMs sent fewer than two reports, so that their interval is not known.`);
  const strangers = lookUp(result, "receiver.strangers");
  if (strangers) byId("fleet").append(` ${showCount(strangers)} VMs arrived with a number of packages that is not in the plan.`);
}

function showProfiles(result) {
  const profiles = result.plan.profiles ?? [];
  byId("profiles").hidden = profiles.length === 0;
  const headings = ["profile", "configured", "assigned", "VMs", "packages on average", "interval on average"];
  fillTable(byId("profiles").querySelector("table"), headings, profiles.map((profile, index) => [
    profile.name,
    figure(result, `plan.profiles.${index}.percent`, showPercent),
    figure(result, `plan.profiles.${index}.actual_percent`, showPercent),
    figure(result, `plan.profiles.${index}.vms`, showCount),
    figure(result, `plan.profiles.${index}.packages.mean`, showNumber),
    figure(result, `plan.profiles.${index}.report_interval_seconds.mean`, showDuration),
  ]));
}

function showAttribute(result, name, dimension, chart, show) {
  const buckets = bucketsOf(result, name, dimension);
  byId(chart).hidden = buckets.length === 0;
  const table = byId(`${chart}-table`);
  if (!result.plan[name]?.buckets?.length) {
    const statistics = [["mean", "mean"], ["P50", "p50"], ["P95", "p95"], ["P99", "p99"], ["min", "min"], ["max", "max"]];
    const rows = statistics.map(([label, key]) => [label, figure(result, `plan.${name}.${key}`, name === "packages" ? showNumber : show)]);
    fillTable(table, ["", "assigned"], rows);
    return;
  }
  fillTable(table, ["", "configured", "assigned", "VMs"], buckets.map((bucket, index) => [
    bucket.name,
    figure(result, `plan.${name}.buckets.${index}.percent`, showPercent),
    figure(result, `plan.${name}.buckets.${index}.actual_percent`, showPercent),
    figure(result, `plan.${name}.buckets.${index}.vms`, showCount),
  ]));
}

// The buckets of the plan with the names of their groups; where a continuous kind has none, its groups.
function bucketsOf(result, name, dimension) {
  const buckets = result.plan[name]?.buckets ?? [];
  const groups = groupsOf(result, dimension);
  if (!buckets.length && groups.length > 1) {
    return groups.map((group) => ({ name: group.name, actual_percent: (100 * group.fleet_vms) / result.plan.vm_count }));
  }
  const isGrouped = groups.length === buckets.length; // else these are too many, or the result is of an older release
  const show = dimension === "packages" ? showCount : showDuration;
  const label = (bucket, index) => (present(bucket.value) ? show(bucket.value) : `distribution ${index + 1}`);
  return buckets.map((bucket, index) => ({ ...bucket, name: isGrouped ? groups[index].name : label(bucket, index) }));
}

const MOST_COUNTS = 12; // numbers of packages that a list has room for

function showOtherEnd(result) {
  const parts = ["receiver", "reconciliation"].filter((name) => present(result[name]));
  byId("both-ends").hidden = parts.length === 0;
  for (const name of parts) {
    byId(name).hidden = false;
    const skip = ["schema", "vms_by_packages", "vms_by_interval_seconds", "not_seen", "strangers", "ungrouped", "per_vm"];
    if (Object.keys(result[name].packages ?? {}).length > MOST_COUNTS) skip.push("packages");
    fillList(byId(name).querySelector("dl"), flattened(result, [name], skip));
  }
}

function howItEnded(ended) {
  if (!ended) return "-"; // a run that goes on, or of an older release
  const causes = { duration: "as planned", signal: `by ${ended.signal}`, abort: "by a missed threshold",
    worker: "by the loss of a worker", silence: "by a worker that said nothing", receiver: "by the loss of its receiver" };
  const left = ended.left_seconds ? `, ${showSeconds(ended.left_seconds)} before its planned end` : "";
  return `${showInstant(Date.parse(ended.at))}, ${causes[ended.by]}${left}`;
}

function showRun(result) {
  const slice = result.slice ?? {};
  const warnings = [...(result.plan.warnings ?? []).map((warning) => warning.message), ...(result.warnings ?? [])];
  byId("warnings").hidden = warnings.length === 0;
  byId("warnings").replaceChildren(...warnings.map((warning) => make("li", warning)));
  fillList(byId("plan"), [
    ["seed", figure(result, "seed", String)],
    ["plan digest", figure(result, "plan_digest", String)],
    ["time scale", figure(result, "time_scale", showNumber)],
    ["VMs of the fleet", figure(result, "plan.vm_count", showCount)],
    ["VMs of this run", figure(result, "slice.vms", showCount)],
    ["ended", howItEnded(result.ended)],
    ["nodes", `${slice.nodes?.join(", ") ?? slice.node_index ?? "-"} of ${slice.node_count ?? "-"}`],
    ["forecast, whole fleet", make("span", [figure(result, "plan.forecast.reports_per_second", showNumber), " reports a second, ",
      figure(result, "plan.forecast.bytes_per_second", showBytes), " a second"])],
  ]);
  fillList(byId("generator"), [...flattened(result, ["generator"]), ...flattened(result, ["environment"])]);
  byId("config").textContent = JSON.stringify({ loadgen: result.config }, null, 2);
}
