"""Hostile input for every parser and for the receiver: `python -m fuzz`.

`targets` holds a plain function per parser that takes bytes and raises where a promise is broken; `registry` lists them; `one`
drives one of them with atheris; `corpus` keeps the seeds and every input that once failed, which the tests replay without it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"

sys.path.append(str(ROOT / "tests"))  # the targets share the tests' stands and example documents
