// Shows the result that the page carries, or, on a run's live page, the one that it reloads.

const READ_EVERY_MS = 2000;
const LONGEST_PAUSE_MS = 10000;
const RETRY_MS = 1000;
const GIVE_UP_AFTER = 5;
const meanings = JSON.parse(byId("meanings").textContent);
const isLive = document.body.dataset.mode === "live";
let shown = null;

async function show(result) {
  shown = result;
  document.querySelector("main").hidden = false;
  showFigures(result, meanings, isLive);
  showContents();
  await libraryIsHere;
  await drawCharts(result);
}

function redraw(isOnPaper) {
  if (shown && document.body.dataset.charts) return drawCharts(shown, isOnPaper);
  return undefined;
}

// Links to the sections that have something to show, by their headings.
function showContents() {
  const sections = [...document.querySelectorAll("main > section[id]:not([hidden])")].filter((section) => section.querySelector("h2"));
  byId("contents").replaceChildren(...sections.map((section) => {
    const link = make("a", section.querySelector("h2").textContent);
    link.href = `#${section.id}`;
    return link;
  }));
}

// What gzip and base64 have made of a text, which stands in an element.
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// Run it as a script of the page: the page's policy knows its hash, and lets no other run.
async function addLibrary() {
  const script = make("script", await unpacked("plotly"));
  document.head.append(script);
}

async function follow() {
  const pulse = byId("pulse");
  let failures = 0;
  pulse.hidden = false;
  pulse.textContent = "waiting for the run";
  while (failures < GIVE_UP_AFTER) {
    const asked = performance.now();
    try {
      const answer = await fetch("result.json", { cache: "no-store" });
      if (!answer.ok) throw new Error(`result.json answered ${answer.status}`);
      await show(await answer.json());
      failures = 0;
      pulse.className = "";
      pulse.textContent = shown.ended ? "the run has ended" : `live, as of ${showInstant(Date.now())}`;
      if (shown.ended) return;
    } catch {
      failures += 1;
      pulse.className = "stale";
      pulse.textContent = shown ? `the run has ended or cannot be reached; last seen at ${lastSeen()}` : "the run cannot be reached";
    }
    // A long run's document takes a while to make and to show: leave three quarters of the time to everything else.
    const pause = failures ? RETRY_MS : Math.max(READ_EVERY_MS, Math.min(3 * (performance.now() - asked), LONGEST_PAUSE_MS));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  byId("verdict").className = "invalid";
  byId("status").textContent = "Out of sight";
  byId("status").dataset.status = "lost";
}

function lastSeen() {
  return showInstant(Date.parse(shown.started_at) + shown.elapsed_seconds * 1000);
}

darkScreen.addEventListener("change", () => redraw(false));
window.addEventListener("beforeprint", () => redraw(true));
window.addEventListener("afterprint", () => redraw(false));

async function begin() {
  if (isLive) {
    byId("raw").href = "result.json";
    await follow();
    return;
  }
  const text = await unpacked("result");
  byId("raw").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  await show(JSON.parse(text));
}

const canUnpack = typeof DecompressionStream !== "undefined";
const libraryIsHere = canUnpack ? addLibrary() : null;
byId("too-old").hidden = canUnpack;
if (canUnpack) begin();
