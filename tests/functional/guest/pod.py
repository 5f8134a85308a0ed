"""What a pod of deploy/kustomize may do is enough: a network namespace of its own, an ordinary user, no capability."""

from __future__ import annotations

import json
import signal
import subprocess

from command import TIMEOUT_SECONDS, command_line, environment, read_until, start_vsock_loadgen

CONFINED = (
    *("unshare", "--net", "setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"),
    *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
)


FLEET = (
    "--vm-count",
    "20",
    "--packages",
    "50",
    "--report-interval",
    "1s",
    "--jitter",
    "0",
    "--duration",
    "1s",
    "--metrics-port",
    "0",
)


def test_reports_arrive_from_a_process_as_confined_as_a_pod() -> None:
    receiver = start_vsock_loadgen("receive", "--format", "json")
    read_until(receiver, "listening on vsock://any:818")
    done = subprocess.run(
        [*CONFINED, *command_line("run", *FLEET, "--result", "/dev/stdout")],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=TIMEOUT_SECONDS)[0])
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout[done.stdout.index("{\n") : done.stdout.index("\n}\n") + 2])
    assert result["totals"]["delivered"] == receipt["reports"] == 20
    assert result["complete"]
