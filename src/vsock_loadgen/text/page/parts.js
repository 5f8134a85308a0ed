// The parts of a run: groups of VMs and phases of load.

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
  const isAsked = groups.some((group) => group.asked);
  const headings = [DIMENSIONS[name], "VMs", ...counts, `${clockName(result, "response_time_seconds")} P50`, "P99", ...(isAsked ? ["age when taken P99"] : []), ...(isSeen ? ["seen"] : [])];
  fillTable(section.querySelector("table"), headings, groups.map((group, index) => {
    const path = `groups.${name}.${index}`;
    return [
      group.name,
      figure(result, `${path}.vms`, showCount),
      ...counts.map((count) => make("td", figure(result, `${path}.totals.${count}`, showCount), countClass(count, group.totals[count]))),
      clockFigure(result, `${path}.response_time_seconds`, "p50"),
      clockFigure(result, `${path}.response_time_seconds`, "p99"),
      ...(isAsked ? [clockFigure(result, `${path}.asked.age_when_taken_seconds`, "p99")] : []),
      ...(isSeen ? [seenFigure(result, group, path)] : []),
    ];
  }));
  showSeenRemark(result, name, isSeen, section.querySelector(".remark"));
}

// Failed reports stand out.
function countClass(count, value) {
  return count === "failed" && value ? "missing" : "";
}

// VMs that arrived as planned, of those that can be identified; reports if VMs cannot be told apart.
function seenFigure(result, { seen }, path) {
  if (!seen) return "-";
  if (!present(seen.vms)) return make("span", [figure(result, `${path}.seen.reports`, showCount), " reports"]);
  return make("span", [figure(result, `${path}.seen.vms`, showCount), " of ", figure(result, `${path}.seen.knowable`, showCount)]);
}

function showSeenRemark(result, name, isSeen, remark) {
  const reason = result.receiver?.not_seen?.[name];
  const isByVm = groupsOf(result, name).some(({ seen }) => present(seen?.vms));
  remark.hidden = !isByVm && !present(reason);
  if (isByVm) remark.textContent = "Seen: VMs that the other end saw as planned, of those that it could identify.";
  else if (present(reason)) remark.textContent = `What the embedded receiver saw of each group is unknown: ${plainText(reason)}.`;
}

function showPhases(result) {
  const phases = result.phases ?? [];
  byId("phases").hidden = phases.length === 0;
  const counts = ["due", "delivered", "failed", ...(result.totals.skipped ? ["skipped"] : [])];
  const headings = ["phase", ...counts, `${clockName(result, "response_time_seconds")} P50`, "P99"];
  fillTable(byId("phases").querySelector("table"), headings, phases.map((phase, index) => [
    phase.name,
    ...counts.map((count) => make("td", figure(result, `phases.${index}.totals.${count}`, showCount), countClass(count, phase.totals[count]))),
    clockFigure(result, `phases.${index}.response_time_seconds`, "p50"),
    clockFigure(result, `phases.${index}.response_time_seconds`, "p99"),
  ]));
}

