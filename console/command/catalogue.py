"""Every command, in the order of the help. The first, without a name, opens the console."""

from __future__ import annotations

from console.command import changing, fleets, history, labs, observing, showing
from console.command.parsing import Command

COMMANDS = (
    Command("", "Both sides of mutual TLS, side by side.", labs.configure_console, labs.run_console),
    Command("demo", "a loopback lab, and the console on it", labs.configure_demo, labs.run_demo),
    Command("lab", "lab up SPEC --dir DIR: serve a lab until interrupted", labs.configure_lab, labs.run_lab),
    Command("sweep", "collect snapshots", observing.configure_sweep, observing.run_sweep),
    Command("check", "judge every pair; --live proves it", observing.configure_check, observing.run_check),
    Command("show", "one beacon or device: everything observed", showing.configure_show, showing.run_show),
    Command("set", "plan an edit; --out writes the plan, --apply applies it", changing.configure_set, changing.run_set),
    Command("apply", "apply a reviewed plan", changing.configure_apply, changing.run_apply),
    Command("undo", "plan the inverse of a journal entry", changing.configure_undo, changing.run_undo),
    Command("history", "the journal, newest first", history.configure_history, history.run_history),
    Command("fleet", "validate, list or import the fleet file", fleets.configure_fleet, fleets.run_fleet),
)
