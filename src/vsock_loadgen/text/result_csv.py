"""The rows of a result as CSV, for spreadsheets and other tools."""

from __future__ import annotations

import csv
import io

from vsock_loadgen.results.tables import Table


def table_csv(table: Table) -> str:
    """The headings, then the rows; an empty cell if there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.headings)
    writer.writerows(table.rows)
    return text.getvalue()
