"""The corpus of real handshakes: where it is, and its cases as they were written down."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
FAILING_END = {"client": "device", "server": "beacon", "pair": "pair", "network": "network"}


@dataclass(frozen=True, slots=True)
class TruthCase:
    id: str
    directory: Path
    client: dict[str, Any]
    server: dict[str, Any]
    outcome: str
    """pass | fail: what really happened."""
    failing_side: str | None
    """client | server | pair | network: the end at which it stopped."""
    description: str


def corpus_directory() -> Path | None:
    """MTLS_CONSOLE_TRUTH, else `shared/truth` beside the repository; None: there is none here."""
    named = os.environ.get("MTLS_CONSOLE_TRUTH")
    directory = Path(named) if named else REPOSITORY.parent / "shared" / "truth"
    return directory if (directory / "outcomes.jsonl").is_file() else None


def load_cases(directory: Path) -> list[TruthCase]:
    cases = []
    for line in (directory / "outcomes.jsonl").read_text().splitlines():
        row = json.loads(line)
        folder = directory / "cases" / row["id"]
        case = json.loads((folder / "case.json").read_text())
        cases.append(
            TruthCase(
                row["id"],
                folder,
                case["client"],
                case["server"],
                row["outcome"],
                row["failing_side"],
                row["description"],
            )
        )
    return cases
