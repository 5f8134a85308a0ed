"""A headless Chromium that shows a page and says what stands on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from command import TIMEOUT_SECONDS

CHARTS = ("sizes", "rate", "in-flight", "response", "spread", "percentiles", "lag", "failures", "packages")
"""Those of a run whose VMs differ in their packages; service time has one of its own if it is another picture."""
_FIGURES = """return [...document.querySelectorAll("data[data-path]")].map((each) =>
    [each.dataset.path, each.value, each.textContent, each.closest("[hidden]") === null])"""
_MARKS = """const marks = {};
for (const chart of document.querySelectorAll(".chart"))
  if (!chart.closest("[hidden]"))
    marks[chart.id] = chart.querySelectorAll(".scatterlayer .trace, .barlayer .trace, .heatmaplayer .hm").length;
return marks"""


class Browser:
    """One tab."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver
        self._shown: tuple[Path | str, int, str] | None = None

    def open(self, page: Path | str, *, width: int = 1280, scheme: str = "light") -> None:
        """Show a page, in a window of this width in CSS pixels, and wait until its charts are drawn.

        One that is shown already is not loaded again.
        """
        if self._shown == (page, width, scheme):
            return
        self._shown = (page, width, scheme)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self._driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        self._driver.get(page.as_uri() if isinstance(page, Path) else page)
        self.wait_for("return document.body.dataset.charts === 'drawn'")

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self._driver.execute_script(script, *arguments)

    def wait_for(self, script: str) -> None:
        """Wait until a script returns true."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.run(script):
            assert time.monotonic() < deadline, f"{script}: {self.complaints()}"
            time.sleep(0.05)

    def text(self, selector: str) -> str:
        """The text of the first element that matches."""
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def figures(self) -> dict[str, tuple[object, str]]:
        """By its path in the result, every figure's exact value and the text that shows it."""
        return {path: (json.loads(value), text) for path, value, text, _ in self.run(_FIGURES)}

    def traces(self) -> Mapping[str, int]:
        """How many lines or groups of bars each visible chart has."""
        marks: Mapping[str, int] = self.run(_MARKS)
        return marks

    def accessibility(self, axe: str) -> list[tuple[str, str, str]]:
        """What axe-core, whose script this is, finds wrong, with all data open: impact, rule, the first element."""
        self.run("for (const each of document.querySelectorAll('details')) each.open = true")
        self.run(axe)
        found = self._driver.execute_async_script("axe.run(document).then(arguments[0])")
        return [(each["impact"], each["id"], each["nodes"][0]["html"]) for each in found["violations"]]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.run("return document.documentElement.scrollWidth - window.innerWidth"))

    def complaints(self) -> list[str]:
        """What the console says since the last time: errors, warnings, violations of the page's policy."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def chromium(binary: str, driver: str) -> Iterator[Browser]:
    """A browser that is closed in the end."""
    options = Options()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-US"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(started)
    finally:
        started.quit()
