"""Every check there is. Importing this module registers them."""

from __future__ import annotations

from console.readiness.checks import (  # noqa: F401 - imported for their registrations
    acceptance,
    bindings,
    client_files,
    clocks,
    completion,
    expiry,
    late_request,
    name,
    network,
    paths,
    preferences,
    protocols,
    revocation,
    revocation_cache,
    server_certificate,
    sizes,
    trust_files,
    trusted,
    windows,
    windows_logs,
    windows_server,
)
from console.readiness.registry import registered

CHECKS = registered()
"""In the order of the handshake."""
