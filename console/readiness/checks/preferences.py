"""The device's TLS preferences, per component, against what the beacon asks for."""

from __future__ import annotations

from console.agent.preferences import ADD_CLIENT_CERTIFICATE, Origin, ProblemKind
from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.model import COMPONENTS, Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check


@check(
    "device.client-certificate-off",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=Side.BEACON,
    rule="A device sends a client certificate where the beacon requires one.",
    source="handshake.md D-PREF-02 (measured: T209, T211, T271, T289)",
    remedy="Set AddClientCertificateAndKey=True on the device, before the beacon is set to Require.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def client_certificate_off(case: Case) -> Outcome:
    sends = case.sends_certificate
    if sends is None:
        return unknown("Whether the device sends a client certificate can't be told from AddClientCertificateAndKey")
    if sends:
        never = case.access is not None and case.access.never_asks
        if never and not (case.endpoint is not None and case.endpoint.asks_first):
            return failed(
                "The beacon requires a client certificate but never asks for one (SslRequireCert without "
                "SslNegotiateCert): it answers 403.7",
                side=Side.BEACON,
                remedy="Set client certificates to Require on the beacon again, so that both flags are set.",
            )
        return passed("The device sends a client certificate where it is asked for one")
    if case.mode is None:
        return unknown("The device sends no client certificate; whether the beacon requires one wasn't observed")
    if case.mode is ClientMode.REQUIRE:
        return failed(
            "The device sends no client certificate, and the beacon requires one: locked out (403.7)",
            remedy=_remedy(case),
            evidence={"where": _origin(case), "beacon's location": case.access.location if case.access else ""},
        )
    return passed(f"The device sends no client certificate; the beacon's mode is {case.mode.value}")


def _config(case: Case) -> str:
    return clean(case.device.snapshot.config.path, 200) if case.device is not None else "config.ini"


def _remedy(case: Case) -> str:
    """The same for every component, so that one cause gives one finding."""
    if _switched_off_by_itself(case):
        return (
            f"In {_config(case)} remove the component's own line AddClientCertificateAndKey=False (it counts before "
            f"[{_common(case)}]), and keep AddClientCertificateAndKey=True in [{_common(case)}]. Certificate and key "
            "must be there first."
        )
    return (
        f"Write AddClientCertificateAndKey=True into [{_common(case)}] of {_config(case)}. Certificate and key must "
        "be there first."
    )


def _switched_off_by_itself(case: Case) -> bool:
    """Any component's own section says False."""
    if case.device is None:
        return False
    values = [case.device.preferences(name).value(ADD_CLIENT_CERTIFICATE) for name in COMPONENTS]
    return any(value.origin is Origin.COMPONENT and value.boolean is False for value in values)


def _common(case: Case) -> str:
    return clean(case.device.profile.common_section, 120) if case.device is not None else "Common"


def _origin(case: Case) -> str:
    return f"{_setting(case)} of {_config(case)}" if case.preferences is not None else ""


def _setting(case: Case) -> str:
    if case.preferences is None:
        return ""
    value = case.preferences.value(ADD_CLIENT_CERTIFICATE)
    if value.origin is Origin.DEFAULT:
        return "AddClientCertificateAndKey isn't set (off by default) in any section"
    return f"AddClientCertificateAndKey={clean(value.raw or '', 40)} in [{clean(value.section, 120)}]"


@check(
    "device.preference-unclear",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=None,
    rule="True and False are the words that switches are known to take.",
    source="handshake.md D-PREF-05; flexnet.md §1.1 (exact literals unconfirmed)",
    remedy="Write True or False, without quotes.",
    needs=(Need.DEVICE,),
    part=Part.DEVICE,
)
def preference_unclear(case: Case) -> Outcome:
    preferences = case.preferences
    if preferences is None:
        return unknown("config.ini wasn't observed")
    odd = [problem for problem in preferences.problems if problem.kind is ProblemKind.ODD_BOOLEAN]
    if odd and case.https:
        return unknown(clean(odd[0].message))
    # Of numbers that are none, device.revocation-cache tells.
    told = (ProblemKind.ODD_BOOLEAN, ProblemKind.ODD_NUMBER)
    others = [problem for problem in preferences.problems if problem.kind not in told]
    if others:
        return warned("; ".join(clean(problem.message, 200) for problem in others[:3]))
    return passed("The TLS preferences can be told without doubt")


@check(
    "device.component-override",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="A value in a component's own section overrides Common; the components should agree.",
    source="handshake.md D-PREF-01; flexnet.md §1.0",
    remedy="Remove the component's own line, or set the same value in Common.",
    needs=(Need.DEVICE,),
    part=Part.DEVICE,
)
def component_override(case: Case) -> Outcome:
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    mine = case.preferences.value(ADD_CLIENT_CERTIFICATE)
    others = {name: case.device.preferences(name).add_client_certificate for name in COMPONENTS}
    if mine.origin is Origin.COMPONENT and len(set(others.values())) > 1:
        return warned(
            f"Its own section says {mine.preference.name}={clean(mine.raw or '', 40)}; other components differ",
            evidence={"where": _origin(case)},
        )
    return passed("The components agree on sending a client certificate")


@check(
    "device.server-check-off",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.RISK,
    rule="CheckServerCertificate is on; off, the device takes any server for its beacon.",
    source="handshake.md D-PREF-03 (measured: T035, T103, T155)",
    remedy="Correct what the check would find, then set CheckServerCertificate=True.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.DEVICE,
)
def server_check_off(case: Case) -> Outcome:
    if case.preferences is None:
        return unknown("config.ini wasn't observed")
    if case.preferences.check_server is False:
        return warned(
            "CheckServerCertificate=False: the device would accept any server; faults on that side are hidden"
        )
    return passed("The device checks the beacon's certificate")


@check(
    "device.revocation-without-server-check",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="CheckCertificateRevocation has no effect while CheckServerCertificate is off.",
    source="handshake.md D-PREF-04 (measured: T282)",
    remedy="Set CheckServerCertificate=True, or CheckCertificateRevocation=False as well.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.DEVICE,
)
def revocation_without_server_check(case: Case) -> Outcome:
    preferences = case.preferences
    if preferences is None:
        return unknown("config.ini wasn't observed")
    if preferences.check_server is False and preferences.check_revocation is not False:
        return warned("CheckCertificateRevocation is on without effect: CheckServerCertificate is off")
    if preferences.check_server is False:
        return not_applicable("Neither check is on")
    return passed("The revocation switch is in effect, or off")


@check(
    "device.order-of-change",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="A device sends its certificate before its beacon is set to Require, which would lock it out.",
    source="handshake.md P-ORDER-01, D-PREF-02",
    remedy="Set AddClientCertificateAndKey=True first; set the beacon to Require after all of its devices.",
    needs=(Need.HTTPS, Need.DEVICE, Need.BEACON),
    part=Part.TRUST,
)
def order_of_change(case: Case) -> Outcome:
    if case.mode is ClientMode.REQUIRE:
        return not_applicable("The beacon requires a client certificate already")
    if case.sends_certificate is None or case.mode is None:
        return unknown("Whether the device would be locked out can't be told")
    if case.sends_certificate:
        return passed("The device sends a client certificate already")
    return warned(
        f"Locked out (403.7) as soon as the beacon is set to Require (now {case.mode.value}): no certificate is sent",
        evidence={"where": _setting(case)},
    )


@check(
    "device.config-oddities",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="config.ini holds no line that the agent may read otherwise than a person: double keys, odd lines, CR LF.",
    source="handshake.md D-PREF-05 (of a key set twice the last line is taken to count; the agent's rule isn't known)",
    remedy="Correct the lines named: each key once in its section, lines that end with LF, no byte order mark.",
    needs=(Need.DEVICE,),
    part=Part.DEVICE,
)
def config_oddities(case: Case) -> Outcome:
    if case.device is None:
        return unknown("config.ini wasn't observed")
    odd, count = case.device.oddities
    if not odd:
        return passed("config.ini is written plainly")
    first = f"line {odd[0].line}: {clean(odd[0].what, 150)}"
    more = f" (and {count - 1} more)" if count > 1 else ""
    lines = "; ".join(f"line {one.line}: {clean(one.what, 80)}" for one in odd)
    return warned(f"Odd line in config.ini, {first}{more}", evidence={"file": _config(case), "lines": lines})
