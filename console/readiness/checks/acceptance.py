"""Will the beacon take the certificate that the device sends? In the order in which IIS decides."""

from __future__ import annotations

from console.readiness.acceptance import misplaced_roots
from console.readiness.case import Case
from console.readiness.checks.chain_rules import ACCEPTANCE, of_acceptance
from console.readiness.model import Side, Status, Step
from console.readiness.outcome import Outcome, warned
from console.readiness.registry import check


@check(
    "device.client-certificate-dates",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=Side.BEACON,
    rule=("The device's certificate is valid by the beacon's clock, also where the beacon only accepts certificates."),
    source="handshake.md B-CC-01; windows.md 2.3 (403.17)",
    remedy="Put a renewed certificate into the certificate file, first in it, and its key into the key file.",
    needs=ACCEPTANCE,
)
def client_certificate_dates(case: Case) -> Outcome:
    return of_acceptance(case, "device.client-certificate-dates", "The device's certificate is valid now")


@check(
    "device.client-certificate-use",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=Side.BEACON,
    rule="The device's certificate may be used by clients: clientAuth, any use, or no extended key usage.",
    source="handshake.md B-CC-05 (usage check is http.sys's default)",
    remedy=(
        "Have your CA issue the certificate again with extended key usage clientAuth, and write it into the "
        "certificate file in place of this one; the key can stay."
    ),
    needs=ACCEPTANCE,
)
def client_certificate_use(case: Case) -> Outcome:
    return of_acceptance(case, "device.client-certificate-use", "The certificate may be used by a client")


@check(
    "device.client-chain-incomplete",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=Side.BEACON,
    rule="The device sends its intermediates, or the beacon has them in its Intermediate store.",
    source="handshake.md D-CRT-04, B-CC-02 (403.16)",
    remedy=(
        "Append the issuing CA's certificate to the device's certificate file, or import it into the "
        "beacon's Intermediate Certification Authorities store."
    ),
    needs=ACCEPTANCE,
)
def client_chain_incomplete(case: Case) -> Outcome:
    return of_acceptance(
        case, "device.client-chain-incomplete", "The beacon can build the chain of the device's certificate"
    )


@check(
    "beacon.client-issuer-untrusted",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule=(
        "The root of the device's certificate is in the beacon's LocalMachine Trusted Root store. The "
        "vendor's page says that only format and date are checked; IIS builds the chain "
        "(beacon_client_check decides which is believed)."
    ),
    source="handshake.md B-CC-02; windows.md 2.4 (KB2802568, 403.16)",
    remedy="Import the root that issued the device's certificate into the beacon's LocalMachine Trusted Root store.",
    needs=ACCEPTANCE,
)
def client_issuer_untrusted(case: Case) -> Outcome:
    return of_acceptance(
        case, "beacon.client-issuer-untrusted", "The beacon trusts the issuer of the device's certificate"
    )


@check(
    "beacon.client-chain-refused",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="Nothing else in the chain of the device's certificate keeps Windows from accepting it.",
    source="windows.md 2.3 (403.16)",
    remedy="Have the device's certificate reissued; see the evidence for what is wrong with its chain.",
    needs=ACCEPTANCE,
)
def client_chain_refused(case: Case) -> Outcome:
    return of_acceptance(
        case, "beacon.client-chain-refused", "Nothing else is wrong with the chain of the device's certificate"
    )


@check(
    "beacon.root-store-mixed",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule=(
        "The beacon's Trusted Root store holds self-signed certificates only (decides up to Server 2012 "
        "R2, a warning later)."
    ),
    source="handshake.md B-CC-03; windows.md S22 (KB2802568)",
    remedy="Move the intermediate from Trusted Root to Intermediate Certification Authorities.",
    needs=ACCEPTANCE,
)
def root_store_mixed(case: Case) -> Outcome:
    outcome = of_acceptance(case, "beacon.root-store-mixed", "The Trusted Root store holds roots only")
    if outcome.status is not Status.PASS or case.documented or case.endpoint is None:
        return outcome
    odd = misplaced_roots(case.endpoint)
    if not odd:
        return outcome
    return warned(
        f"The beacon's Trusted Root store holds certificates that aren't self-signed, such as “{odd[0]}”", risk=True
    )
