"""Every action of the console, once: bindings, footers, palette and help are made from this list alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from textual.binding import Binding, BindingType


class Scope(StrEnum):
    """Where an action belongs; the values are headings in the help."""

    EVERYWHERE = "Everywhere"
    FLEET = "Fleet"
    PAIR = "Pair report"
    DEVICE_EDITOR = "Device editor"
    BEACON_EDITOR = "Beacon editor"
    PLAN = "Plan review"
    OVERVIEW = "Overview"
    JOBS = "Jobs"
    SESSIONS = "Sessions"
    JOURNAL = "Journal"
    FACTS = "Facts"


class Danger(IntEnum):
    NONE = 0
    WRITES = 1
    """Can change something on a device or a beacon; shut off while the console is read-only."""


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    """Of the Textual action: `action_<name>` on the scope's screen (or on the app)."""
    keys: str
    """Comma-separated, as Textual spells them."""
    label: str
    scope: Scope
    help: str
    """One sentence."""
    shown_keys: str = ""
    """As the footer and the help print them, where Textual's own spelling would puzzle."""
    footer: int = 0
    """Place in the scope's footer, 1 is leftmost; 0: not there. Six fit into 80 columns, the rest shows when wide."""
    danger: Danger = Danger.NONE
    bulk: bool = False
    """Acts on the marked rows, else on the row under the cursor."""
    palette: bool = True

    @property
    def id(self) -> str:
        """For key maps: `fleet.edit`."""
        scope = self.scope.name.lower().replace("_", "-")
        return f"{scope}.{re.sub('[^a-z0-9_]+', '-', self.name).strip('-')}"

    @property
    def key_text(self) -> str:
        return self.shown_keys or self.keys.split(",", maxsplit=1)[0]


_E, _F, _P = Scope.EVERYWHERE, Scope.FLEET, Scope.PAIR
_W = Danger.WRITES

ACTIONS: tuple[Action, ...] = (
    Action("go('fleet')", "1", "Fleet", _E, "Beacons and devices side by side; closes what was opened on them."),
    Action("pair_report", "2", "Pair report", _E, "The report of the pair under the cursors of the Fleet."),
    Action("go('overview')", "3", "Overview", _E, "How ready the estate is, and what stands in its way."),
    Action("go('jobs')", "4", "Jobs", _E, "What runs and what has run, target by target."),
    Action("go('sessions')", "5", "Sessions", _E, "The shells that are open on devices."),
    Action("go('journal')", "6,at", "Journal", _E, "What was changed, and the way back.", shown_keys="6 @"),
    Action("palette", "colon", "Commands", _E, "Every command by name; ctrl+p does the same.", ":", palette=False),
    Action(
        "help", "question_mark,f1", "All keys", _E, "The keys of this screen, then all others; can be searched.", "?", 6
    ),
    Action(
        "lock",
        "L",
        "Lock",
        _E,
        "Lock the console read-only, or unlock it; unlocking asks, and never lifts --read-only.",
    ),
    Action("leave", "q", "Back or quit", _E, "Leave this screen; on the first one, quit (asks while a job runs)."),
    # Fleet
    Action("other_pane", "tab,shift+tab", "Other pane", _F, "From the devices to the beacons and back.", "tab"),
    Action("mark", "space", "Mark", _F, "Mark the row and go on to the next.", footer=1, bulk=True),
    Action("range", "v", "Range", _F, "Mark from here as the cursor moves; again: end of the range."),
    Action("mark_all", "a", "Mark all", _F, "Mark every visible row; again: none."),
    Action("invert", "asterisk", "Invert", _F, "Turn the marks of the visible rows round.", "*"),
    Action("clear_marks", "ctrl+backslash", "Clear marks", _F, "Drop every mark.", "ctrl+\\"),
    Action(
        "filter",
        "slash",
        "Filter",
        _F,
        "Show matching rows: words, !not, ~loosely, column:value (os:aix, check:…, tag:…). verdict:blocked is of the "
        "pair with the beacon under the other cursor, worst:blocked of any pair.",
        "/",
        2,
    ),
    Action("same_fault", "f", "Same fault", _F, "Show the devices with the fault of this row; again: all of them."),
    Action("next_fault", "n", "Next fault", _F, "To the next row that isn't ready."),
    Action("previous_fault", "N", "Previous fault", _F, "To the previous row that isn't ready."),
    Action("order", "o", "Order by", _F, "Order by the next column."),
    Action("reverse", "O", "Reverse", _F, "Turn the order round."),
    Action("wide", "w", "Wide", _F, "Columns as wide as what they hold; again: as before."),
    Action("export", "ctrl+s", "Export", _F, "Write the rows shown to a CSV file, and say where."),
    Action(
        "edit",
        "e",
        "Edit",
        _F,
        "Edit the TLS settings of the marked rows; nothing is written yet.",
        footer=3,
        bulk=True,
    ),
    Action("pair", "p", "Pair", _F, "The report of this device and the beacon under the other cursor.", footer=4),
    Action("check", "c", "Check", _F, "Read the marked rows afresh and judge them.", footer=5, bulk=True),
    Action("check_all", "R,ctrl+r", "Check all", _F, "Read the whole fleet afresh.", "R"),
    Action("live", "l", "Live", _F, "A real handshake from the device, with its own files.", footer=7, bulk=True),
    Action("shell", "s", "Shell", _F, "A shell on the device; exit comes back here.", footer=8, danger=_W),
    Action("facts", "d", "Facts", _F, "Everything observed of this row, with exact times."),
    Action("copy", "y", "Copy", _F, "Copy the names of the marked rows."),
    Action("back", "escape", "Back", _F, "End the range, then clear the filter.", "esc", palette=False),
    # Pair report
    Action("next_finding", "j,down,n", "Next finding", _P, "To the next finding.", "j"),
    Action("previous_finding", "k,up,N", "Previous finding", _P, "To the previous finding.", "k"),
    Action("edit", "e", "Edit", _P, "Edit the side that this finding names.", footer=1),
    Action("edit_all", "E", "Edit all with it", _P, "Edit every device with this fault.", footer=7),
    Action("live", "l", "Live", _P, "A real handshake from the device: what really happens.", footer=2),
    Action(
        "own_openssl",
        "o",
        "Device's OpenSSL",
        _P,
        "Ask the device's own OpenSSL about the beacon's chain, and the addresses that say what is revoked.",
        footer=3,
    ),
    Action(
        "agent_tool('download')",
        "T",
        "Agent's policy run",
        _P,
        "Run the agent's own mgspolicy on the device; names its side effects and asks first.",
        danger=_W,
    ),
    Action(
        "agent_tool('upload')",
        "U",
        "Agent's upload",
        _P,
        "Run the agent's own ndupload on the device; names its side effects and asks first.",
        danger=_W,
    ),
    Action("other_pair", "b", "Other beacon", _P, "This device's pair with its next beacon, worst first."),
    Action("check", "c", "Re-check", _P, "Read both sides afresh and judge again.", footer=4),
    Action("copy", "y", "Copy", _P, "Copy this report as text.", footer=8),
    Action("shell", "s", "Shell", _P, "A shell on the device; exit comes back here.", danger=_W),
    Action("back", "escape", "Back", _P, "Back to the fleet.", "esc", 5, palette=False),
    # Editors
    *(
        action
        for scope in (Scope.DEVICE_EDITOR, Scope.BEACON_EDITOR)
        for action in (
            Action("plan", "ctrl+s", "Plan", scope, "Make the plan: what would change, target by target.", footer=1),
            Action(
                "previous_field", "up,shift+tab", "Previous field", scope, "To the field above.", "↑", palette=False
            ),
            Action("next_field", "down,tab", "Next field", scope, "To the field below.", "↓", 2, palette=False),
            Action("back", "escape", "Drop", scope, "Leave; what was chosen is dropped.", "esc", 5, palette=False),
        )
    ),
    # Plan review
    Action("apply", "A", "Apply …", Scope.PLAN, "Write this plan; asks first.", footer=1, danger=_W),
    Action("what_if", "w", "What if", Scope.PLAN, "Who would be ready after this plan, and who not.", footer=2),
    Action("back", "escape", "Back", Scope.PLAN, "Back to the form; nothing is written.", "esc", 5, palette=False),
    # Overview
    Action(
        "same_fault",
        "f",
        "Show devices",
        Scope.OVERVIEW,
        "The devices behind this line, as a filtered fleet.",
        "enter",
        1,
    ),
    Action("edit", "e", "Edit them", Scope.OVERVIEW, "Edit every device behind this line.", footer=2),
    Action("check_all", "R,ctrl+r", "Check all", Scope.OVERVIEW, "Read the whole fleet afresh.", "R", 3),
    *(
        Action("back", "escape", "Back", scope, "To the fleet, and what was open on it.", "esc", 5, palette=False)
        for scope in (Scope.OVERVIEW, Scope.JOBS, Scope.SESSIONS, Scope.JOURNAL)
    ),
    # Jobs
    Action("cancel", "x", "Cancel", Scope.JOBS, "Start nothing further of this job.", footer=1),
    Action("retry", "r", "Retry failed", Scope.JOBS, "Read the targets that failed once more.", footer=2),
    # Sessions
    Action("close_session", "x", "Close", Scope.SESSIONS, "Say goodbye to this host.", footer=1),
    Action("shell", "s", "Shell", Scope.SESSIONS, "A shell on this device; exit comes back here.", footer=2, danger=_W),
    Action("refresh", "r", "Refresh", Scope.SESSIONS, "Look again.", footer=3),
    # Journal
    Action("undo", "u", "Undo …", Scope.JOURNAL, "Plan the inverse of this entry; nothing is written yet.", footer=1),
    Action(
        "inspect",
        "i",
        "Inspect",
        Scope.JOURNAL,
        "Of an entry that isn't ended: read its target and say what state it is in.",
        footer=2,
    ),
    Action("back", "escape", "Back", Scope.FACTS, "Back.", "esc", 5, palette=False),
)

FOOTER_WHEN_NARROW = 6


def of_scope(scope: Scope) -> tuple[Action, ...]:
    return tuple(action for action in ACTIONS if action.scope is scope)


def bindings(scope: Scope) -> list[BindingType]:
    """For the BINDINGS of the scope's screen (EVERYWHERE: of the app)."""
    return [
        Binding(action.keys, action.name, action.label, show=action.footer > 0, tooltip=action.help, id=action.id)
        for action in of_scope(scope)
    ]


def footer(scope: Scope, *, wide: bool) -> tuple[Action, ...]:
    """What the footer of that scope shows, from left to right; help always stands at the end."""
    entries = sorted((action for action in of_scope(scope) if action.footer), key=lambda action: action.footer)
    helps = [action for action in of_scope(Scope.EVERYWHERE) if action.footer]
    room = len(entries) if wide else FOOTER_WHEN_NARROW - len(helps)
    return (*entries[:room], *helps)


def permitted(name: str, scope: Scope, *, read_only: bool) -> bool:
    """The one gate: may an action of this name be run in this scope? The services ask the same question again."""
    return not (read_only and any(action.danger for action in of_scope(scope) if action.name.split("(")[0] == name))
