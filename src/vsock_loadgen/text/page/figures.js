// Everything on the page of a run that is not a chart, in its order; the accounts and the times.

const QUANTILES = [["P50", "p50"], ["P95", "p95"], ["P99", "p99"], ["P99.9", "p999"], ["max", "max"], ["mean", "mean"]];
const DIMENSIONS = { packages: "packages", report_interval: "report interval", profile: "profile" };
const UNITS = { seconds: showSeconds, percent: showPercent, per_second: (value) => `${showNumber(value)} per second` };

function showFigures(result, meanings, isLive) {
  speakOf(result);
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

// A quantile, or "not delivered" if it falls among reports that were not. It may be longer if a report that still waits is of that
// age or more.
function clockFigure(result, clock, quantile) {
  const element = figure(result, `${clock}.${quantile}`, showSeconds);
  const value = lookUp(result, `${clock}.${quantile}`);
  if (!present(value) && lookUp(result, `${clock}.count`)) {
    element.textContent = "not delivered";
    element.className = "missing";
  }
  const youngest = lookUp(result, clock.replace(/response_time_seconds$/, "asked.youngest_open_seconds"));
  if (clock.endsWith("response_time_seconds") && present(value) && present(youngest) && value >= youngest) element.prepend("at least ");
  return element;
}

function showTimes(result) {
  const clocks = clocksOf(result);
  const counts = clocks.map(([, clock]) => figure(result, `${clock}.count`, showCount));
  const rows = QUANTILES.map(([name, quantile]) => [name, ...clocks.map(([, clock]) => clockFigure(result, clock, quantile))]);
  fillTable(byId("summary"), ["of reports", ...clocks.map(([name]) => name)], [["number", ...counts], ...rows]);
}

// The same for a fleet that is asked: what was not asked for in time, and how stale the asker's knowledge is.
function lossesOfAsked(result) {
  const totals = result.totals;
  const ends = Object.entries(result.askings?.by_kind ?? {}).map(([kind, count]) => `${showCount(count)} ${kind}`);
  const stale = result.response_time_seconds.p99;
  const known = present(stale) ? `What the scanner knows is up to ${showSeconds(stale)} old (P99); ` : "";
  return `Of ${showCount(totals.due)} due reports ${showCount(totals.failed)} were asked for but not taken, ` +
    `${showCount(totals.skipped)} were not asked for in time, and ${showCount(totals.unfinished || totals.in_flight)} wait to be asked for. ${known}` +
    `${showCount(result.asked.open)} reports were open at the end and count with their age. Askings: ${ends.join(", ") || "none"}.`;
}

function showLosses(result, meanings) {
  const totals = result.totals;
  const lost = totals.failed + totals.skipped + totals.unfinished;
  byId("accounts").textContent = result.asked ? lossesOfAsked(result) : lost
    ? `${showCount(lost)} of ${showCount(totals.due)} due reports were not delivered: ${showCount(totals.failed)} failed, ` +
      `${showCount(totals.skipped)} skipped because the VM's last report was still in flight, and ${showCount(totals.unfinished)} ` +
      "unfinished: still in flight or not started at the end."
    : totals.in_flight ? "Nothing was lost so far." : "Every due report was delivered.";
  byId("classes").hidden = !totals.failed;
  const classes = Object.entries(result.failures).sort((one, other) => other[1] - one[1]);
  fillTable(byId("classes"), ["class", "reports", make("th", "last message", "left"), make("th", "meaning", "left")], classes.map(([name]) => [
    className(name),
    figure(result, `failures.${name}`, showCount),
    make("td", result.last_errors?.[name] ?? "", "prose"),
    make("td", meanings.failures[name] ?? "", "prose"),
  ]));
}


function className(failure) {
  return failure.replaceAll("_", " ");
}
