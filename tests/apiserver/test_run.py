"""deploy/run on a real API server: from a config to the merged result of all nodes, and a cluster that looks as before."""

from __future__ import annotations

import pytest

from apiserver.caller import IMAGE, Caller

FLEET = "{vmCount: 20, packages: 5, reportInterval: 1s, duration: 2s, target: embedded}"
AT_ONCE = (*IMAGE, "-s", "0", "--no-check")


@pytest.mark.parametrize(("overlay", "nodes"), [("plain", 3), ("job", 2)])
def test_a_run_ends_with_the_merged_result_of_all_nodes(caller: Caller, overlay: str, nodes: int) -> None:
    done = caller.run(FLEET, *AT_ONCE, "-o", overlay, "-n", str(nodes))
    assert done.returncode == 0, done.stderr
    whole = caller.whole()
    assert whole["complete"]
    assert whole["totals"]["due"] == whole["totals"]["delivered"] == 40
    assert len(list((caller.folder / "results").glob("vsock-loadgen-*.json"))) == nodes
