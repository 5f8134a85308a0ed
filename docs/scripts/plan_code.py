"""Excerpts of the code, and what the forms of a distribution cost in lines, for `implementation-plan.md`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from docs.scripts.generated import table

SOURCE = Path(__file__).resolve().parents[2] / "src" / "vsock_loadgen"

COSTS = {
    "percentile": (
        ("config/model.py", "Bucket", "Percentile"),
        ("config/blocks.py", "_Bucket", "PackageValueBucket", "PackageMixedBucket", "PackagePercentile", "IntervalValueBucket"),
        ("config/blocks.py", "IntervalMixedBucket", "IntervalPercentile", "bucket_form", "_bucket", "_show_bucket"),
        ("config/rules.py", "_uneven_percents", "_uneven_shares"),
        ("plan/apportion.py", "apportion"),
        ("plan/distributions.py", "_take_buckets"),
        ("plan/planning.py", "BucketRow", "_checked_buckets"),
    ),
    "normal": (
        ("config/model.py", "Normal"),
        ("config/blocks.py", "_NormalBlock", "PackageNormal", "IntervalNormal"),
        ("config/rules.py", "_outlying_means"),
        ("plan/distributions.py", "_normal_values"),
    ),
    "quantiles": (
        ("config/model.py", "Quantiles"),
        ("config/blocks.py", "is_quantile", "_QuantileName", "_QuantileMap"),
        ("plan/distributions.py", "_quantile_values"),
    ),
    "profiles": (
        ("config/model.py", "Profile"),
        ("config/profiles.py", "ProfileBlock", "profiles_of", "show_profile"),
        ("config/rules.py", "_uneven_profiles"),
        ("config/fleet_rules.py", "_repeated_names", "_attribute_findings"),
        ("plan/fleet.py", "members_of", "_assign_profiles"),
        ("plan/planning.py", "ProfileRow", "_profiles"),
    ),
}


def definition(path: str, name: str) -> str:
    """The source of a definition at the top level of a module."""
    text = (SOURCE / path).read_text()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise ValueError(f"{path} has no {name}")


def form_costs() -> str:
    """Lines of the definitions that exist for one form alone."""
    rows = []
    for form, places in COSTS.items():
        lines = dict.fromkeys(("config", "plan"), 0)
        for path, *names in places:
            lines[path.partition("/")[0]] += sum(definition(path, name).count("\n") + 1 for name in names)
        rows.append((form, str(lines["config"]), str(lines["plan"]), str(sum(lines.values()))))
    return table(("form", "lines in `config/`", "lines in `plan/`", "together"), rows)


def excerpt(path: str, name: str) -> Callable[[], str]:
    """A definition as a block of code under the path of its file."""

    def block() -> str:
        return f"```python\n# src/vsock_loadgen/{path}\n{definition(path, name)}\n```"

    return block
