"""How well each verdict of the estate is proved: by data alone, by the device's own OpenSSL, by a live handshake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from console.readiness.model import PairUse, PairVerdict
from console.readiness.proof import FROM_DATA, Proof, proof_of
from console.services.device_proof import DeviceProofService
from console.services.estate import Estate
from console.services.observation import comparable


def proofs(
    estate: Estate, device_proof: DeviceProofService, verdicts: Iterable[PairVerdict]
) -> Mapping[PairUse, Proof]:
    """Of the verdicts that more than the data speak for, or against; all others are from data (FROM_DATA).

    Only results newer than the data count: after the next look a handshake of yesterday proves nothing of today.
    """
    observation = estate.observation()
    tried = {key[:4] for key in observation.live}
    asked = device_proof.asked()
    if not tried and not asked:
        return {}
    found = {}
    for verdict in verdicts:
        use = verdict.use
        if (use.device, use.beacon, use.host, use.port) not in tried and use not in asked:
            continue
        live = comparable(estate.live_of(verdict), use, observation)
        proof = proof_of(verdict, live, device_proof.newer_results(use))
        if proof != FROM_DATA:
            found[use] = proof
    return found
