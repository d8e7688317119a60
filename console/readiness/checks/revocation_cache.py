"""How long the agent keeps what it was told of revocation."""

from __future__ import annotations

from console.agent.preferences import CRL_LIFETIME, OCSP_LIFETIME, EffectiveValue, ProblemKind, TlsPreferences
from console.pki.revocation_facts import RevocationMethod, RevocationState
from console.readiness.case import Case
from console.readiness.device_view import DeviceView
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_KEPT = {CRL_LIFETIME: "revocation lists are", OCSP_LIFETIME: "responders' answers are"}
_LIFETIMES = {RevocationMethod.CRL: CRL_LIFETIME, RevocationMethod.OCSP: OCSP_LIFETIME}
_ENDLESS = "Have the CA's answer name its next update, or set the lifetime to the seconds that it may be kept."


@check(
    "device.revocation-cache",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule=(
        "SSLCRLCacheLifetime and SSLOCSPCacheLifetime are whole numbers of seconds: what is kept ends after that time "
        "or at its next update, whichever is earlier; with 0 at its next update; without either it isn't kept."
    ),
    source="handshake.md P-REV-03; flexnet.md 1.2 (PMD-SSLCRLCacheLifetime, PMD-SSLOCSPCacheLifetime)",
    remedy="Write a whole number of seconds, or 0 for the answer's own next update, or remove the line.",
    needs=(Need.HTTPS, Need.SERVER_CHECK, Need.DEVICE),
    part=Part.REVOCATION,
)
def revocation_cache(case: Case) -> Outcome:
    if not case.checks_revocation:
        return not_applicable("CheckCertificateRevocation is off")
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    values = [case.preferences.value(name) for name in (CRL_LIFETIME, OCSP_LIFETIME)]
    odd = [problem for value in values for problem in value.problems if problem.kind is ProblemKind.ODD_NUMBER]
    if odd:
        said = " and ".join(clean(f"{one.preference}={one.raw}", 80) for one in odd)
        return warned(f"What the agent makes of {said} isn't known: not a whole number")
    if endless := _never_kept(case.device, case.preferences):
        return warned(endless, remedy=_ENDLESS)
    text = "; ".join(map(_kept, values))
    return passed(f"{text[:1].upper()}{text[1:]}")


def _kept(value: EffectiveValue) -> str:
    what = _KEPT[value.preference.id]
    seconds = _seconds(value)
    if seconds is None:
        return f"{what} kept as the agent's default says, which differs between versions"
    if seconds == "0":
        return f"{what} kept until their own next update"
    return f"{what} kept for {clean(seconds, 20)} s at most, and never beyond their next update"


def _never_kept(device: DeviceView, preferences: TlsPreferences) -> str:
    """Of an answer without a next update, where no lifetime bounds it either."""
    for seen in device.revocation.facts:
        answer = seen.fact.answer
        if answer is None or answer.state is not RevocationState.GOOD or answer.next_update is not None:
            continue
        value = preferences.value(_LIFETIMES[seen.fact.method])
        if _seconds(value) == "0":
            return (
                f"What {clean(seen.fact.url, 120)} answers names no next update, and {value.preference.name} is 0: it "
                "isn't kept, and is fetched for every connection"
            )
    return ""


def _seconds(value: EffectiveValue) -> str | None:
    """Its digits; None: not set, and no default is known."""
    if value.value is None or not value.value.isdecimal():
        return None
    return value.value.lstrip("0") or "0"
