"""A beacon's SSL settings, of one beacon or several; its bindings are shown. ctrl+s makes the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from console.changes.binding_plan import PREFIX
from console.changes.model import Plan
from console.iis.bindings import CENTRAL_STORE, SNI
from console.iis.snapshot import BeaconSnapshot
from console.pki.certificates import certificate
from screens.actions import Scope, bindings
from screens.beacon_facts import ASKS, MODES, BeaconFacts, beacon_facts
from screens.certificate_choice import bound_label, choices
from screens.editor import Editor
from screens.widgets.form import Field

_HELP = {
    "client_certificates": "require cuts off every device that isn't ready; the plan names them first",
    "require_ssl": "without it plain http is answered too",
    "ask": "late is IIS's default: it asks after the request, by renegotiation or (TLS 1.3) post-handshake, which the "
    "agent's library may refuse; first-handshake asks at once",
}


class BeaconEditor(Editor):
    SCOPE = Scope.BEACON_EDITOR
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.BEACON_EDITOR)

    def __init__(self, beacons: Sequence[str], remedy: str = "") -> None:
        super().__init__(beacons, "beacon", "SSL settings", remedy)
        self._thumbprints: dict[str, dict[str, str]] = {}
        """Setting to what its choices stand for; fixed when the form opens."""

    def _seen(self) -> list[tuple[str, BeaconSnapshot | None, BeaconFacts]]:
        observed = self.workspace.estate.observation().beacons
        found = []
        for name in self.targets:
            snapshot = observed.get(name)
            found.append((name, snapshot, beacon_facts(snapshot, self.workspace.fleet.beacon(name).site)))
        return found

    def heading_lines(self) -> Sequence[str]:
        lines: list[str] = []
        for name, snapshot, facts in self._seen():
            if snapshot is None or not snapshot.reached:
                lines.append(f"  {name}: not read; c in the fleet reads it")
                continue
            if not facts.bindings:
                lines.append(f"  {name}: no https binding")
            for bound in facts.bindings:
                binding = bound.binding
                label = next(
                    (
                        certificate(one.der).label
                        for one in snapshot.certificates
                        if one.thumbprint.casefold() == binding.thumbprint.casefold()
                    ),
                    "no certificate in its store",
                )
                asks = "" if bound.record is None else (" asks first" if bound.first_handshake else " asks late")
                sni = " SNI" if binding.ssl_flags & SNI else ""
                lines.append(f"  {name}: https {binding.information}{sni} · {label} · {binding.store}{asks}")
        return lines

    def fields(self) -> Iterable[Field]:
        facts = [one for _, _, one in self._seen()]
        modes = [one.client_certificates for one in facts]
        ssl = [None if one.require_ssl is None else str(one.require_ssl).lower() for one in facts]
        asks = [one.ask for one in facts]
        for name, options, values in (
            ("client_certificates", MODES, modes),
            ("require_ssl", ("true", "false"), ssl),
            ("ask", ASKS, asks),
        ):
            yield Field(name, options=options, now=_now(values), note=_HELP[name])

        if len(self.targets) == 1:
            yield from self._certificate_fields()

    def _certificate_fields(self) -> Iterable[Field]:
        """One for each https binding: which of the machine's certificates it shall show."""
        ((name, snapshot, facts),) = self._seen()
        if snapshot is None:
            return
        now, fleet_host = self.workspace.clock.now(), self.workspace.fleet.beacon(name).host
        for binding in (bound.binding for bound in facts.bindings):
            others = choices(snapshot, binding, fleet_host, now)
            if not others or binding.ssl_flags & CENTRAL_STORE:
                continue
            setting = f"{PREFIX}{binding.information}"
            self._thumbprints[setting] = {one.option: one.thumbprint for one in others}
            yield Field(
                setting,
                options=tuple(one.option for one in others),
                now=f"now: {bound_label(snapshot, binding, now)}",
                note=" · ".join(one.words for one in others),
            )

    @property
    def chosen(self) -> dict[str, str]:
        return {
            name: self._thumbprints[name][value] if name in self._thumbprints else value
            for name, value in super().chosen.items()
        }

    def make_plan(self) -> Callable[[], Plan]:
        settings = self.chosen
        return lambda: self.workspace.editing.plan_beacons(self.targets, settings)


def _now(values: Sequence[str | None]) -> str:
    tally = Counter(value or "unknown" for value in values)
    if len(tally) == 1:
        return f"now: {next(iter(tally))}"
    return f"now: mixed ({len(tally)}): " + ", ".join(f"{count} {value}" for value, count in tally.most_common())
