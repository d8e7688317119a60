"""The rows that a table shows, as a CSV file for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from platformdirs import user_downloads_path
from textual.app import App

from screens.widgets.fleet_table import FleetTable

_FORMULA = re.compile(r"[=+@\t\r]|-(?!\d+( d)?$)")
"""How a text begins that a spreadsheet would run; `-3 d` stays what it is."""


def export_table(app: App[Any], table: FleetTable, title: str, now: datetime) -> None:
    """Into the downloads directory, where there is one, else the current one; a DeliveryComplete says where."""
    downloads = user_downloads_path()
    name = re.sub(r"[^\w.-]+", "-", f"{title} {now.astimezone():%Y-%m-%d %H%M%S}")
    app.deliver_text(
        io.StringIO(csv_text(table)),
        save_directory=downloads if downloads.is_dir() else Path.cwd(),
        save_filename=f"{name}.csv",
        mime_type="text/csv",
    )


def csv_text(table: FleetTable) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["", *(column.title for column in table.columns)])
    for row in table.visible_rows:
        writer.writerow([_inert(cell.text) for cell in (row.mark, *row.cells)])
    return out.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
