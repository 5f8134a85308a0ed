"""Compiles the modules that every report passes through, where the machine that builds the wheel has a C compiler.

The source is one: mypyc takes the same typed Python that the interpreter runs. Without a compiler, for an editable install, or
where `VSOCK_LOADGEN_PURE` is set, the wheel is pure Python. `vsock-loadgen --version` says which one is installed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PURE = "VSOCK_LOADGEN_PURE"
_TOOLS = ["mypy>=1.13", "setuptools>=75"]


class CompileHook(BuildHookInterface[Any]):
    """Adds compiled modules, beside the source of each, to a wheel."""

    _folder: Path | None = None

    def dependencies(self) -> list[str]:
        """What a build needs beside hatchling: nothing where nothing will be compiled."""
        return _TOOLS if _can_compile() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, unless the build is `editable`: what is edited must be what runs."""
        if version == "editable" or not _can_compile():
            return
        self._folder = Path(tempfile.mkdtemp(prefix="vsock-loadgen-"))
        try:
            built = compiled(Path(self.root), self.config["modules"], self._folder)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the pure form is whole: whatever stops the compiler stops nothing else)
            self.app.display_warning(f"not compiled, pure Python instead: {error}")
            return
        build_data["force_include"].update({str(path): str(path.relative_to(self._folder / "lib")) for path in built})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if self._folder is not None:
            shutil.rmtree(self._folder)


def _can_compile() -> bool:
    return not os.environ.get(_PURE) and shutil.which(os.environ.get("CC") or "cc") is not None


def compiled(root: Path, modules: list[str], folder: Path) -> list[Path]:
    """The extension modules made of `modules` (files below src), in `folder`/lib as they lie in an installed tree."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    before = Path.cwd()
    os.chdir(root / "src")
    try:
        extensions = mypycify(
            ["--config-file=", "--ignore-missing-imports", f"--cache-dir={folder / 'cache'}", *modules],
            opt_level="3",
            target_dir=str(folder / "c"),
        )
        command = build_ext(Distribution({"name": "vsock-loadgen", "ext_modules": extensions}))
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "objects")
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    return sorted((folder / "lib").rglob("*.so"))
