// Labels for the keys of a document, and the words for a fleet that is asked for its reports.

const share = (value) => showPercent(100 * value);
const second = (value) => showInstant(1000 * value);
const LABELS = {
  "generator.workers": ["worker processes"],
  "generator.worker_cpu_seconds": ["processor time of each worker"],
  "generator.parent_cpu_seconds": ["processor time of the parent"],
  "generator.share_of_machine": ["share of the machine", share],
  "generator.saturation.t": ["late up to", second],
  "generator.saturation.window_seconds": ["late for"],
  "generator.saturation.lag_p99_seconds": ["schedule lag P99 then"],
  "generator.saturation.limit_seconds": ["limit of the schedule lag"],
  "generator.saturation.busiest_worker_cpu_share": ["busiest worker, of a processor", share],
  "generator.saturation.advice": ["what to do"],
  "environment.vsock_loadgen": ["vsock-loadgen"],
  "environment.python": ["Python"],
  "environment.machine": ["processor architecture"],
  "environment.cpus": ["processors"],
  "environment.node_name": ["node"],
  "environment.command": ["command"],
  "receiver.bytes": ["bytes of reports", showBytes],
  "receiver.malformed": ["cut off or not decoded"],
  "receiver.empty": ["connections without a byte"],
  "receiver.rejected_by_reason.no_handler": ["rejected: no handler became free"],
  "receiver.rejected_by_reason.too_large": ["rejected: larger than allowed"],
  "receiver.rejected_by_reason.read_deadline": ["rejected: took too long to read"],
  "receiver.rejected_by_reason.closed_early": ["rejected: closed on request"],
  "receiver.unfinished": ["connections that did not end"],
  "receiver.mismatching_cid": ["discarded: wrong CID"],
  "receiver.rate_limited": ["discarded: too soon after the VM's last"],
  "receiver.formats.vmReport": ["reports as vmReport"],
  "receiver.formats.indexReport": ["reports as indexReport"],
  "reconciliation.url": ["counters at"],
  "reconciliation.problem": ["unknown"],
  "reconciliation.uncertain": ["given up, but may have arrived"],
  "reconciliation.broken_off": ["broken off by the target"],
  "reconciliation.accepted": ["connections accepted"],
  "reconciliation.mismatching_cid": ["discarded: wrong CID"],
  "reconciliation.dropped.concurrency": ["dropped: no handler became free"],
  "reconciliation.dropped.rate_limit": ["dropped: too soon after the VM's last"],
  "reconciliation.dropped.forwarding": ["dropped: the next stage did not take them"],
  "reconciliation.pending": ["received, but not passed on so far"],
  "sensor.url": ["counters at"],
  "sensor.problem": ["not known"],
  "sensor.uncertain": ["asked for without a receipt"],
  "sensor.nacks": ["refused by Central"],
  "sensor.acks": ["accepted by Central"],
};
const WORDS = { cpu: "processor time", vm: "VM", vms: "VMs", cid: "CID", cids: "CIDs", p99: "P99", python: "Python", t: "at second" };

// The label of a figure of a nested record, and how it is shown: that of a node begins with the node.
function labelOf(path) {
  const known = LABELS[path.filter((key) => !isPlace(key)).join(".").replace("environment.nodes.", "environment.")];
  if (!known) return [[path.slice(1, -1), path.slice(-1)].filter((keys) => keys.length).map(inWords).join(": ")];
  const node = path[1] === "nodes" ? `node ${path[2] + 1}: ` : "";
  return [node + known[0], known[1]];
}

// The first of a list is number 1.
function inWords(keys) {
  const words = keys.flatMap((key) => (isPlace(key) ? [String(key + 1)] : key.replace(/_seconds$/, "").split("_")));
  return words.map((word) => WORDS[word] ?? word).join(" ");
}

function isPlace(key) {
  return typeof key === "number"; // of a list; the keys of an object are texts
}

const CLOCKS = [["response time", "response_time_seconds"], ["service time", "service_time_seconds"], ["schedule lag", "lag_seconds"]];
const ASKED_CLOCKS = [["staleness", "response_time_seconds"], ["age when taken", "asked.age_when_taken_seconds"],
  ["service time", "service_time_seconds"], ["lag of the answer", "lag_seconds"]];
const ASKINGS = {
  whole: "took the report", unchanged: "had it already", errors: "error or fault", failed: "broke off", refused: "refused", cut: "cut by the end",
};
const ASKED_LOSSES = { failed: "asked for but not taken", skipped: "not asked for in time", unfinished: "still waiting" };
const ASKED = {
  "rate-title": "Reports due and taken",
  rate: "Due counts the reports that the agents scanned, taken those that the asker took whole. If taken stays below due, the asker does not ask in time. Reports from before the run are due at once.",
  "in-flight-title": "Waiting to be asked for",
  "in-flight": "Scanned and not taken yet. Level: the asker keeps up. A steady rise: it does not.",
  "times-title": "Age of what the scanner knows",
  times: "Staleness runs from due until the asker had the report or a newer one, over every due report. Service time runs from the connection to the receipt, over every delivered report. Logarithmic scales.",
  "spread-title": "Spread of the staleness",
  spread: "The stronger the color, the more reports were that old before the scanner had them or newer ones. Two strong bands are two kinds of VMs.",
  "failures-title": "Not taken, or not asked for in time",
  "sizes-title": "Staleness over packages",
  lag: "The generator's own lateness, from the whole request to the first byte of the answer. Above the limit the run proves nothing about the asker.",
  receiver: "Counted by the embedded asker",
};

// The page's default words are those of a fleet that sends.
function speakOf(result) {
  for (const element of document.querySelectorAll("[data-says]")) {
    if (result.asked && ASKED[element.dataset.says]) element.textContent = ASKED[element.dataset.says];
  }
}

const clocksOf = (result) => (result.asked ? ASKED_CLOCKS : CLOCKS);
const clockName = (result, key) => clocksOf(result).find(([, each]) => each === key)[0];
