// Shows the result that the page carries, or, on a run's live page, the one that it asks for again and again.

const READ_EVERY_MS = 2000;
const LONGEST_PAUSE_MS = 10000;
const RETRY_MS = 1000;
const GIVE_UP_AFTER = 5;
const canDraw = typeof Plotly !== "undefined";
const meanings = JSON.parse(byId("meanings").textContent);
const isLive = document.body.dataset.mode === "live";
let shown = null;

async function show(result) {
  shown = result;
  document.querySelector("main").hidden = false;
  showFigures(result, meanings, isLive);
  if (canDraw) await drawCharts(result);
}

function redraw(isOnPaper) {
  if (shown && canDraw) return drawCharts(shown, isOnPaper);
  return undefined;
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

byId("no-charts").hidden = canDraw;
document.body.classList.toggle("no-charts", !canDraw);
darkScreen.addEventListener("change", () => redraw(false));
window.addEventListener("beforeprint", () => redraw(true));
window.addEventListener("afterprint", () => redraw(false));
if (isLive) {
  byId("raw").href = "result.json";
  follow();
} else {
  const text = byId("result").textContent;
  byId("raw").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  show(JSON.parse(text));
}
