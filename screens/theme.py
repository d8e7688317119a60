"""Calm: grey on dark, one accent; green, amber and red only for what a glyph and a word say too."""

from __future__ import annotations

from textual.theme import Theme

CALM = Theme(
    name="calm",
    primary="#7aa2c8",
    secondary="#7aa2c8",
    accent="#7aa2c8",
    success="#7fae7f",
    warning="#d7a65f",
    error="#dd7878",
    foreground="#d2d6da",
    background="#14171a",
    surface="#14171a",
    panel="#1d2226",
    variables={"unknown": "#b39ddb", "dim": "#858c93", "cursor": "#2c3e50"},
)
