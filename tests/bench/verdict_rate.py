"""Verdicts one at a time, with nothing in any cache, against `openssl verify`. Goal (issue 6, point 10): 5x."""

from __future__ import annotations

from dataclasses import dataclass

from OpenSSL import crypto

from console.agent.profile import AgentProfile
from console.fleet.model import BeaconClientCheck, Policy
from console.readiness.judge import judge_pair
from console.readiness.model import PairInput, PairUse
from tests.bench import synthetic
from tests.bench.openssl import seconds_per_verify
from tests.bench.report import Spent, Table, alone, seconds, timed, times

GOAL = 5.0


@dataclass(frozen=True, slots=True)
class Measured:
    pairs: int
    verdicts: Spent
    chains_alone: Spent
    """The same server chains by pyOpenSSL, parsing included: what no verdict can be faster than."""
    verify: float


def measure(pairs: int) -> Measured:
    """Each pair has a PKI, a device and a beacon of its own: nothing that one leaves behind helps the next."""
    size = synthetic.Size(devices=1, beacons=1, client_chains=1, uses=1)
    estates = [synthetic.Estate(size, public_roots=0) for _ in range(pairs + 1)]
    given = [_pair(estate) for estate in estates]
    judge_pair(given.pop())  # imports, regular expressions and the checks' registration aren't a verdict's cost
    _, verdicts = timed(lambda: [judge_pair(pair) for pair in given])
    _, chains = timed(lambda: [_verify(estate) for estate in estates[:pairs]])
    return Measured(pairs, verdicts, chains, seconds_per_verify(estates[0], min(pairs, 100)))


def _pair(estate: synthetic.Estate) -> PairInput:
    host = estate.hosts[0]
    return PairInput(
        use=PairUse("device00000", "beacon00", host, 443),
        device=next(estate.devices()),
        beacon=next(estate.beacons()),
        profile=_PROFILE,
        policy=Policy(),
        client_check=BeaconClientCheck.OBSERVED,
        now=synthetic.NOW,
    )


_PROFILE = AgentProfile.load()


def _verify(estate: synthetic.Estate) -> crypto.X509StoreContext:
    store = crypto.X509Store()
    for root in estate.roots:
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, root.der))
    store.set_time(synthetic.NOW)
    leaf, issuing = (crypto.load_certificate(crypto.FILETYPE_ASN1, issued.der) for issued in estate.chain_of(0))
    context = crypto.X509StoreContext(store, leaf, [issuing])
    context.verify_certificate()
    return context


def run(pairs: int) -> Table:
    measured = alone(measure, pairs)
    rows = (
        ("mtls-console: a verdict (every check, both chains)", measured.verdicts.wall / pairs, f"{GOAL:.0f}x"),
        ("openssl verify: one chain", measured.verify, ""),
        ("pyOpenSSL alone: parse and verify one chain", measured.chains_alone.wall / pairs, ""),
    )
    return Table(
        f"Single verdicts, nothing cached ({pairs} pairs, each with certificates of its own), one core",
        ("what", "each", "a second", "against openssl verify", "goal"),
        tuple(
            (what, seconds(each), f"{1 / each:.0f}", times(measured.verify, each), goal) for what, each, goal in rows
        ),
    )
