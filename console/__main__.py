"""The program's first lines: `mtls-console`, or `python -m console`."""

from __future__ import annotations

INTERRUPTED = 130
"""What a shell reports of a process that SIGINT ended."""


def main() -> int:
    """Run one command; its exit status."""
    try:
        # Imports take a second on a slow machine: an interrupt then is no traceback either.
        from console.cli import main as run
    except KeyboardInterrupt:
        return INTERRUPTED
    return run()


if __name__ == "__main__":
    raise SystemExit(main())
