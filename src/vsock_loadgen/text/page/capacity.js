// Everything on the page of a search that is not a chart. Its outcome is in the words of the terminal, which come with it.

const PURPOSES = { search: "narrow the bounds", repeat: "was not clear", confirm: "confirm a bound", again: "contradiction",
  plateau: "too much load", last: "still the same?" };

function showFigures(capacity) {
  showHeading(capacity);
  showOutcome();
  byId("tiles").replaceChildren(...tiles(capacity));
  for (const section of document.querySelectorAll(".of-trials")) section.hidden = capacity.trials.length === 0;
  showTrials(capacity);
  showAsked(capacity);
}

function showHeading(capacity) {
  const count = capacity.trials.length;
  const began = showInstant(Date.parse(capacity.started_at));
  const varied = capacity.vary === "vms" ? "varies the number of VMs" : "varies how often VMs report";
  byId("subtitle").textContent = [`Target ${capacity.target}`, began, `${showCount(count)} ${count === 1 ? "trial" : "trials"}`, varied].join(" \u00b7 ");
  document.title = `capacity: vsock-loadgen, ${began}`;
}

function showOutcome() {
  const [first, ...others] = meanings.lines.map((line) => line.replace(/\s+/g, " "));
  byId("verdict").className = meanings.status;
  byId("status").dataset.status = meanings.status;
  byId("status").textContent = first;
  byId("reasons").replaceChildren(...others.map((line) => make("li", line)));
}

function tiles(capacity) {
  const level = (name) => {
    const found = capacity[name];
    const content = found ? [figure(capacity, `${name}.reports_per_second`, showNumber), " /s"] : "-";
    const fleet = found ? [figure(capacity, `${name}.vms`, showCount), " VMs, rate x ", figure(capacity, `${name}.rate`, showNumber)] : "no load that was tried";
    return tile(name, content, make("span", fleet));
  };
  const perSecond = (name) => (present(capacity[name]) ? [figure(capacity, name, showNumber), " /s"] : "-");
  return [
    level("holds"),
    level("misses"),
    tile("plateau", perSecond("plateau_reports_per_second"), present(capacity.plateau_reports_per_second) ? "delivered under too much load" : "unknown"),
    tile("confidence", figure(capacity, "confidence", String), "", { clear: "", majority: "" }[capacity.confidence] ?? "warn"),
    tile("single report P95", figure(capacity, "idle_response_time_p95_seconds", showSeconds), "before the first trial"),
  ];
}

function showTrials(capacity) {
  const trials = capacity.trials;
  const hasVms = new Set(trials.map((trial) => trial.vms)).size > 1;
  const goals = trials.length ? trials[0].goals.map((seen) => seen.goal) : [];
  const headings = ["trial", "due/s", ...(hasVms ? ["VMs"] : []), make("th", "shows", "left"), "delivered/s", "P50", "P99",
    ...goals.map((goal) => meanings.goals[goal].heading), "in flight", make("th", "for", "left")];
  fillTable(byId("trials"), headings, trials.map((trial, index) => {
    const at = (key, show) => figure(capacity, `trials.${index}.${key}`, show);
    const isBound = ["holds", "misses"].some((name) => isAt(trial, capacity[name]));
    return [
      make("td", at("number", String), isBound ? "bound" : ""),
      at("reports_per_second", showNumber),
      ...(hasVms ? [at("vms", showCount)] : []),
      shownCell(trial, index),
      at("delivered_per_second", showNumber),
      at("response_time_p50_seconds", showSeconds),
      at("response_time_p99_seconds", showSeconds),
      ...trial.goals.map((seen, number) => goalCell(seen, at(`goals.${number}.value`, isShare(seen.goal) ? showPercent : showSeconds))),
      at("most_in_flight", showCount),
      make("td", PURPOSES[trial.purpose] ?? trial.purpose, "left"),
    ];
  }));
}

// Whether a trial is of a load.
function isAt(trial, level) {
  return present(level) && trial.rate === level.rate && trial.vms === level.vms;
}

function isShare(goal) {
  return goal.includes("_percent");
}

// What a trial shows; and why, if none of its goals says that.
function shownCell(trial, index) {
  const moods = { holds: "pass", misses: "missing" };
  const { shows, why } = meanings.trials[index];
  const reason = trial.goals.every((seen) => seen.met) && why ? make("span", why, "margin reason") : null;
  return make("td", [shows, reason], `left mark ${moods[trial.verdict] ?? ""}`);
}

// A goal's figure with its mark, and below it how far it is from the limit.
function goalCell(seen, measured) {
  if (!present(seen.value)) measured.textContent = seen.over ? "not delivered" : "-";
  const mark = seen.met ? "\u2713" : "\u2717";
  return make("td", [measured, ` ${mark}`, make("span", marginText(seen), "margin")], seen.met ? "mark" : "mark missing");
}

function marginText(seen) {
  const limit = meanings.goals[seen.goal].limit;
  if (!seen.value || !limit) return "";
  const percent = Math.round(100 * (seen.value / limit - 1));
  return `${showCount(Math.abs(percent))} % ${percent > 0 ? "above" : "below"}`;
}

function showAsked(capacity) {
  const bounds = capacity.bounds;
  const load = (key) => (present(bounds[key]) ? make("span", [capacity.vary === "rate" ? "rate x " : "", figure(capacity, `bounds.${key}`, showNumber),
    capacity.vary === "rate" ? "" : " VMs"]) : "no limit");
  fillList(byId("asked"), [
    ...capacity.goals.map((goal, index) => [index ? "" : "goals", figure(capacity, `goals.${index}`, String)]),
    ...(capacity.at_least ? [["at least", make("span", [figure(capacity, "at_least.value", showNumber), capacity.at_least.unit === "vms" ? " VMs" : " reports/s"])]] : []),
    ["begins with", load("start")],
    ["lowest load", load("lowest")],
    ["highest load", load("highest")],
    ["bounds within", figure(capacity, "bounds.precision", (share) => showPercent(100 * share))],
    ["each bound confirmed", make("span", [figure(capacity, "bounds.confirm", showCount), " times"])],
    ["single reports", make("span", [figure(capacity, "probes", showCount), " between the trials"])],
    ["exit code", figure(capacity, "exit_code", String)],
  ]);
  fillList(byId("environment"), flattened(capacity, ["environment"], ["command"]));
  showCommand(capacity.environment);
  byId("config").textContent = JSON.stringify({ loadgen: capacity.config }, null, 2);
}
