// Where the figures come from: the fleet, the other end, the command, the plan, the machine and the config.

function showFleet(result) {
  const slice = result.slice ?? {};
  const isPart = present(slice.vms) && slice.vms !== result.plan.vm_count;
  const says = byId("fleet-says");
  byId("fleet-title").textContent = result.receiver ? "Fleet, planned against seen" : "Fleet, as planned";
  says.textContent = `Planned is the whole fleet of ${showCount(result.plan.vm_count)} VMs` + (isPart ? `; this run had ${showCount(slice.vms)} of them.` : ".") +
    (result.receiver ? " Seen is what the other end counted." : " The other end did not count VMs.");
  const reason = result.receiver?.not_seen?.report_interval;
  if (present(reason)) says.append(` Intervals were not seen: ${plainText(reason)}.`);
  showProfiles(result);
  showAttribute(result, "packages", "packages", "packages", showCount);
  showAttribute(result, "report_interval_seconds", "report_interval", "intervals", showDuration);
  const ungrouped = lookUp(result, "receiver.ungrouped");
  if (ungrouped) says.append(` ${showCount(ungrouped)} VMs sent fewer than two reports, so that their interval is unknown.`);
  const strangers = lookUp(result, "receiver.strangers");
  if (strangers) says.append(` ${showCount(strangers)} VMs arrived with an unplanned number of packages.`);
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
  const table = byId(`${chart}-table`);
  if (!result.plan[name]?.buckets?.length) {
    const statistics = [["mean", "mean"], ["P50", "p50"], ["P95", "p95"], ["P99", "p99"], ["min", "min"], ["max", "max"]];
    const rows = statistics.map(([label, key]) => [label, figure(result, `plan.${name}.${key}`, name === "packages" ? showNumber : show)]);
    fillTable(table, ["of VMs", "planned"], rows);
    return;
  }
  fillTable(table, [dimension.replace("_", " "), "configured", "assigned", "VMs"], buckets.map((bucket, index) => [
    bucket.name,
    figure(result, `plan.${name}.buckets.${index}.percent`, showPercent),
    figure(result, `plan.${name}.buckets.${index}.actual_percent`, showPercent),
    figure(result, `plan.${name}.buckets.${index}.vms`, showCount),
  ]));
}

// The buckets of the plan with the names of their groups.
function bucketsOf(result, name, dimension) {
  const buckets = result.plan[name]?.buckets ?? [];
  const groups = groupsOf(result, dimension);
  const isGrouped = groups.length === buckets.length; // else these are too many, or the result is of an older release
  const show = dimension === "packages" ? showCount : showDuration;
  const label = (bucket, index) => (present(bucket.value) ? show(bucket.value) : `distribution ${index + 1}`);
  return buckets.map((bucket, index) => ({ ...bucket, name: isGrouped ? groups[index].name : label(bucket, index) }));
}

const SHOWN_ELSEWHERE = ["schema", "packages", "vms_by_packages", "vms_by_gap_seconds", "not_seen", "strangers", "ungrouped", "per_vm", "groups"];

function showOtherEnd(result) {
  const parts = ["receiver", "reconciliation", "sensor"].filter((name) => present(result[name]));
  byId("both-ends").hidden = parts.length === 0;
  for (const name of parts) {
    byId(name).hidden = false;
    const asker = name === "receiver" ? flattened(result, ["asked", "asker"]) : [];
    fillList(byId(name).querySelector("dl"), [...flattened(result, [name], SHOWN_ELSEWHERE), ...asker]);
  }
}

function howItEnded(ended) {
  if (!ended) return "-"; // a run that still runs, or of an older release
  const causes = { duration: "as planned", signal: `by ${ended.signal}`, abort: "by a missed threshold",
    worker: "by the loss of a worker", silence: "by a silent worker", receiver: "by the loss of its receiver" };
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
    ["forecast, whole fleet", make("span", [figure(result, "plan.forecast.reports_per_second", showNumber), " reports per second, ",
      figure(result, "plan.forecast.bytes_per_second", showBytes), " per second"])],
  ]);
  fillList(byId("generator"), [...flattened(result, ["generator"]), ...flattened(result, ["environment"], ["command"])]);
  showCommand(result.environment);
  byId("config").textContent = JSON.stringify({ loadgen: result.config }, null, 2);
}
