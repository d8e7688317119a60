"""Random pairs against real handshakes: our verdict from the data, the truth from curl and the lab's listener.

`python -m tests.truth.random_pairs --pairs 3000` is the long run; CI makes a bounded one (test_random_pairs.py).
The oracle is what really happened: nothing here and nothing in the lab uses the judge's code.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from fixtures.lab.supervisor import Lab
from tests.truth.comparison import Tally, checked_live, compare, report
from tests.truth.file_faults import FILE_FAULTS, damage

Value = TypeVar("Value", str, list[str])

BEACONS, DEVICES = 20, 5
"""Of one round: so many beacons, and so many devices for each."""


def _mostly(dice: random.Random, usual: Value, *others: Value, odds: float = 0.1) -> Value:
    """The usual value, with these odds one of the others: with too many faults nothing would ever succeed."""
    return dice.choice(others) if dice.random() < odds else usual


def _beacon(dice: random.Random, name: str, spec: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A beacon's table, and the hosts that it answers to."""
    host = f"{name}.lab.test"
    certificate: dict[str, Any] = {
        "issuer": _mostly(dice, "issuing", "corp", "second", "self"),
        "names": _mostly(dice, [host], ["*.lab.test"], [host, "127.0.0.1"], ["elsewhere.lab.test"], odds=0.3),
        "usage": _mostly(dice, ["server"], ["server", "client"], ["client"]),
        "key": dice.choice(["rsa2048", "rsa2048", "p256", "p384", "ed25519", "rsa3072"]),
    }
    if dice.random() < 0.06:
        certificate |= dice.choice([{"not_before": "-90d", "not_after": "-2d"}, {"not_before": "+3d"}])
    spec["certificate"][name] = certificate
    binding: dict[str, Any] = {"certificate": name}
    if dice.random() < 0.35:
        binding |= {"host": host, "sni": dice.random() < 0.7}
    if dice.random() < 0.08:
        binding["chain"] = []
    table: dict[str, Any] = {
        "name": name,
        "client_certificates": _mostly(dice, "require", "accept", "ignore", odds=0.35),
        "ask": _mostly(dice, "first-handshake", "late", odds=0.25),
        "os_build": dice.choice([17763, 20348, 20348, 26100]),
        "protocols": _mostly(dice, ["TLSv1.2", "TLSv1.3"], ["TLSv1.2"], ["TLSv1.3"], odds=0.4),
        "check_issuer": dice.random() > 0.15,
        "trusted": _mostly(dice, ["corp"], ["corp", "second"], ["second"], ["corp", "other"], odds=0.3),
        "intermediates": _mostly(dice, ["issuing"], [], odds=0.3),
        "upload_read_ahead": dice.choice([49152, 49152, 1000]),
        "require_ssl": dice.random() > 0.2,
        "clock": _mostly(dice, "+0d", "+500d", odds=0.05),
        "listener": _mostly(dice, "up", "closed", "http", odds=0.08),
        "binding": [binding],
    }
    return table, [*[host] * 12, host.upper(), f"{host}.", "127.0.0.1", f"x.{host}"]


def _device(dice: random.Random, name: str, beacon: str, hosts: list[str], spec: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": name,
        "trust": _mostly(dice, ["corp"], ["corp", "other"], ["other"], [], odds=0.15),
    }
    if dice.random() < 0.92:
        certificate: dict[str, Any] = {
            "issuer": _mostly(dice, "issuing", "corp", "second", "self", odds=0.15),
            "usage": _mostly(dice, ["client"], ["client", "server"], ["server"]),
            "key": _mostly(dice, "rsa2048", "p256", "ed25519", "rsa1024", odds=0.3),
        }
        if dice.random() < 0.08:
            certificate |= dice.choice([{"not_before": "-90d", "not_after": "-2d"}, {"not_before": "+3d"}])
        spec["certificate"][name] = certificate
    preferences = {
        "AddClientCertificateAndKey": _mostly(dice, "True", "False", "true"),
        "CheckCertificateRevocation": "False",
    }
    if dice.random() < 0.15:
        preferences["CheckServerCertificate"] = "False"
    if dice.random() < 0.15:
        component = dice.choice(["Launcher", "Tracker", "Uploader"])
        preferences[f"{component}.AddClientCertificateAndKey"] = dice.choice(["True", "False"])
    table["preferences"] = preferences
    if dice.random() < 0.1:
        table["seclevel"] = dice.choice([0, 1])
    if dice.random() < 0.1:
        table["tls_max"] = "TLSv1.2"
    if dice.random() < 0.06:
        table["clock"] = dice.choice(["-500d", "+500d", "+30d"])
    use: dict[str, Any] = {"beacon": beacon, "host": dice.choice(hosts)}
    if dice.random() < 0.06:
        use["protocol"] = "http"
    if dice.random() < 0.3:
        use["upload_bytes"] = dice.choice([500, 20_000, 200_000])
    table["use"] = [use]
    return table


def _estate(seed: int) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """A SPEC, and the file faults of each device that has some."""
    dice = random.Random(seed)  # noqa: S311 - the same seed has to make the same estate
    spec: dict[str, Any] = {
        "ca": {"corp": {}, "issuing": {"issuer": "corp"}, "second": {}, "other": {}},
        "certificate": {},
        "beacon": [],
        "device": [],
    }
    faults: dict[str, list[str]] = {}
    for index in range(BEACONS):
        beacon = f"b{index:02}"
        table, hosts = _beacon(dice, beacon, spec)
        spec["beacon"].append(table)
        for number in range(DEVICES):
            device = f"d{index:02}{number}"
            spec["device"].append(_device(dice, device, beacon, hosts, spec))
            if dice.random() < 0.3:
                faults[device] = dice.sample(sorted(FILE_FAULTS), dice.choice([1, 1, 2]))
    return spec, faults


def run_round(seed: int, tally: Tally) -> None:
    """One estate of BEACONS × DEVICES pairs: swept, judged and tried by the command that a user runs."""
    spec, faults = _estate(seed)
    with tempfile.TemporaryDirectory(prefix="pairs-") as folder:
        place = Path(folder)
        (place / "spec.toml").write_text(tomli_w.dumps(spec))
        with Lab.start(place / "spec.toml", place / "lab") as lab:
            for device, names in faults.items():
                damage(lab.device_dir(device), names)
            pairs = checked_live(lab.fleet_file)
        for pair in pairs:
            compare(pair, seed, _story(spec, pair["device"], pair["beacon"], faults), tally)


def _story(spec: dict[str, Any], device: str, beacon: str, faults: dict[str, list[str]]) -> str:
    tables = [t for kind in ("beacon", "device") for t in spec[kind] if t["name"] in (device, beacon)]
    certificates = {name: spec["certificate"].get(name) for name in (beacon, device)}
    return json.dumps({"tables": tables, "certificates": certificates, "files": faults.get(device, [])})


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    tally = Tally()
    for seed in range(options.seed, options.seed + -(-options.pairs // (BEACONS * DEVICES))):
        run_round(seed, tally)
    sys.stdout.write(report(tally) + "\n")
    return int(any(one.false_ready for one in tally.mismatches))


if __name__ == "__main__":
    raise SystemExit(main())
