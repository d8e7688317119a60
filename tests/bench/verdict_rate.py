"""Verdicts one at a time, with nothing in any cache, against `openssl verify`. Goal (issue 6, point 10): 5x."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from OpenSSL import crypto

from console.agent.profile import AgentProfile
from console.fleet.model import BeaconClientCheck, Policy
from console.readiness.judge import judge_pair
from console.readiness.model import PairInput, PairUse
from console.services.collector import collector_paused
from tests.bench import synthetic
from tests.bench.openssl import seconds_per_verify
from tests.bench.report import Table, alone, seconds, timed, times

GOAL = 5.0
_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for each."""

    pairs: int
    verdict: float
    chain_alone: float
    """The same server chain by pyOpenSSL, parsing included: what no verdict can be faster than."""
    verify: float


def measure(pairs: int) -> Measured:
    """Each pair has a PKI, a device and a beacon of its own: nothing that one leaves behind helps the next."""
    size = synthetic.Size(devices=1, beacons=1, client_chains=1, uses=1)
    estates = [synthetic.Estate(size, public_roots=0) for _ in range(pairs + 1)]
    given = [_pair(estate) for estate in estates]
    judge_pair(given.pop())  # imports, regular expressions and the checks' registration aren't a verdict's cost
    verdicts, chains, processes = [], [], []
    batch = max(pairs // _BATCHES, 1)
    for start in range(0, pairs, batch):  # by turns, so that all of them meet the same machine
        stop = min(start + batch, pairs)
        with collector_paused():  # as the estate judges
            _, spent = timed(lambda: [judge_pair(pair) for pair in given[start:stop]])  # noqa: B023 - called at once
        verdicts.append(spent.wall / (stop - start))
        _, spent = timed(lambda: [_verify(estate) for estate in estates[start:stop]])  # noqa: B023
        chains.append(spent.wall / (stop - start))
        processes.append(seconds_per_verify(estates[start], min(batch, 20)))
    return Measured(pairs, median(verdicts), median(chains), median(processes))


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
        ("mtls-console: a verdict (every check, both chains)", measured.verdict, f"{GOAL:.0f}x"),
        ("openssl verify: one chain", measured.verify, ""),
        ("openssl verify: both chains, two processes", 2 * measured.verify, ""),
        ("pyOpenSSL alone: parse and verify one chain", measured.chain_alone, ""),
    )
    return Table(
        f"Single verdicts, nothing cached ({pairs} pairs, each with certificates of its own), one core",
        ("what", "each", "a second", "openssl verify, one chain", "both chains", "goal, one chain"),
        tuple(
            (
                what,
                seconds(each),
                f"{1 / each:.0f}",
                times(measured.verify, each),
                times(2 * measured.verify, each),
                goal,
            )
            for what, each, goal in rows
        ),
    )
