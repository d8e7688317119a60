"""Where state lies: one directory a fleet file, in the platform's state directory. Config lies elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

APPLICATION = "mtls-console"


def state_directory(fleet_file: Path) -> Path:
    """The directory of this fleet's state; the key is the fleet file's resolved path. Nothing is created."""
    key = hashlib.sha256(str(fleet_file.resolve()).encode()).hexdigest()[:16]
    return platformdirs.user_state_path(APPLICATION, appauthor=False) / key


def default_fleet_file() -> Path:
    """What a command without `-F` reads."""
    return platformdirs.user_config_path(APPLICATION, appauthor=False) / "fleet.toml"
