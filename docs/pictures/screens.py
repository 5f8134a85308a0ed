"""Takes plan.svg, and live.svg and report.png of a real run: run `make pictures`, on a machine that does nothing else.

The plan is that of the example fleet. The run is the same fleet against a stand-in relay that stalls for three seconds. The live
view is what a terminal of tmux shows; the page is drawn by Chromium.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vsock_loadgen.config.load import load
from vsock_loadgen.preparing import prepare
from vsock_loadgen.text.plan_text import plan_text

PICTURES = Path(__file__).resolve().parent
PROJECT = PICTURES.parents[1]
EXAMPLE = "examples/fleet-200.yaml"
FONTS = "ui-monospace, Menlo, Consolas, monospace"
COMMAND = [sys.executable, "-m", "vsock_loadgen"]
PLAN_COLUMNS = 80
COLUMNS, ROWS = 100, 40
STALL = "15s+3s"
SHOWN_PATH = "/run/relay.sock"
RUN = (
    *("run", "--config", EXAMPLE, "--time-scale", "45", "--duration", "40s"),
    *("--threshold", "response_time.p99 < 500ms", "--threshold", "failed_percent < 0.1"),
)
SEEN_AFTER_SECONDS = 32


def main() -> None:
    """Draw the plan; let the run go on in a terminal, take its picture on the way, and that of the page when it is over."""
    (PICTURES / "plan.svg").write_text(plan_picture())
    with tempfile.TemporaryDirectory() as folder:
        socket, result = Path(folder) / "relay.sock", Path(folder) / "result.json"
        receiver = subprocess.Popen(
            [*COMMAND, "receive", f"unix://{socket}", "--stall", STALL],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert receiver.stderr is not None
            receiver.stderr.readline()  # it listens
            options = ["--target", f"unix://{socket}", "--metrics-port", "0", "--result", str(result), "--stats-interval", "1h"]
            shown = live_view(Path(folder), [*COMMAND, *RUN, *options], result)
        finally:
            receiver.terminate()
            receiver.wait()
        (PICTURES / "live.svg").write_text(
            terminal_svg(
                # In the first line, what stands at its right edge stays there.
                shown.replace(str(socket), SHOWN_PATH.ljust(len(str(socket))), 1).replace(str(socket), SHOWN_PATH),
                width=COLUMNS,
                title=f"vsock-loadgen {shlex.join(RUN[:3])} ...",
                name="live",
            )
        )
        result.write_text(result.read_text().replace(str(socket), SHOWN_PATH))
        page = result.with_suffix(".html")
        subprocess.run([*COMMAND, "report", str(result), "-o", str(page)], check=True)
        screenshot(page, PICTURES / "report.png")


def plan_picture() -> str:
    """What `plan` shows for the example in a terminal."""
    config = load(PROJECT / EXAMPLE, environment={"LOADGEN_TARGET": "embedded"}).config
    shown = plan_text(prepare(config)[0], width=PLAN_COLUMNS, color=True)
    return terminal_svg(shown, width=PLAN_COLUMNS, title=f"vsock-loadgen plan --config {EXAMPLE} --target embedded", name="plan")


def live_view(folder: Path, command: list[str], result: Path) -> str:
    """What the live view of a run shows after a while, with its colours; returns when the run has written its result."""

    def tmux(*arguments: str) -> str:
        words = ["tmux", "-L", "pictures", "-f", "/dev/null", *arguments]
        environment = {"TMUX_TMPDIR": str(folder), "TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        return subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    window = ["-x", str(COLUMNS), "-y", str(ROWS), "-c", str(PROJECT)]
    tmux("new-session", "-d", "-s", "run", *window, shlex.join(command) + "; sleep 600")
    try:
        time.sleep(SEEN_AFTER_SECONDS)
        shown = tmux("capture-pane", "-e", "-p", "-t", "run")
        while not result.exists():
            time.sleep(0.2)
    finally:
        tmux("kill-server")
    return shown


def terminal_svg(shown: str, *, width: int, title: str, name: str) -> str:
    """What a terminal shows, with its ANSI colours, as an SVG that loads nothing from elsewhere; `name` sets its ids apart."""
    console = Console(record=True, width=width, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(shown.rstrip("\n")))
    picture = console.export_svg(title=title, unique_id=name)
    without_fonts = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # they would be fetched from a server
    return re.sub(r"font-family: (?:Fira Code|arial)[^;]*;", f"font-family: {FONTS};", without_fonts)


def screenshot(page: Path, picture: Path) -> None:
    """The upper part of a page, as a reader of 1280 pixels sees it."""
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1280,1120", "--virtual-time-budget=10000"]
    subprocess.run(["chromium", *options, f"--screenshot={picture}", page.as_uri()], stderr=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
