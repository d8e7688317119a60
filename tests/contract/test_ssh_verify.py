"""The device's own `openssl verify`, run for real over both SSH servers, and held against the judge."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.agent.profile import AgentProfile
from console.agent.snapshot import DirectoryFact, FileState
from console.pki.certificates import subject_hash
from console.ports import VerifyRequest
from console.readiness.judge import judge_pair
from console.readiness.model import COMPONENTS, LiveOutcome, PairInput
from console.readiness.own_openssl import OwnOpenssl, openssl_disagreement, predicted
from console.services.device_proof import verify_requests
from console.services.observation import Observation
from tests.contract.ssh_places import SHELLS, Place, none_left, place
from tests.truth.corpus import TruthCase, corpus_directory, load_cases
from tests.truth.offline import pair_input
from tests.unit import readiness_kit as kit

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't installed")

LONG = (-3000.0, 9000.0)
_CORPUS = corpus_directory()
_CASES = load_cases(_CORPUS) if _CORPUS is not None else []


@dataclass(frozen=True)
class Scene:
    served: Place
    root: Path

    def put(self, name: str, content: bytes) -> str:
        path = self.root / name
        path.write_bytes(content)
        return str(path)

    def ask(self, request: VerifyRequest, **changes: object) -> OwnOpenssl:
        gateway = self.served.gateway()
        result = gateway.verify_chain(self.served.device, replace(request, **changes))  # type: ignore[arg-type]
        assert none_left("mtls-console.*"), "the chain's directory is removed"
        return result


@pytest.fixture(params=["asyncssh", "sshd"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as open_root, place(request.param, tmp_path) as served:
        Path(open_root).chmod(0o755)  # another account may enter it; pytest's own directories are closed
        yield Scene(served, Path(open_root))


@dataclass(frozen=True)
class Chain:
    root: kit.Issued
    issuing: kit.Issued
    server: kit.Issued


def make_chain(**server: object) -> Chain:
    root = kit.issue("Corp Root", None, ca=True, days=LONG)
    issuing = kit.issue("Corp Issuing", root, ca=True, days=LONG)
    given = {"names": [kit.HOST], "usages": [kit.SERVER], "days": LONG, **server}
    return Chain(root, issuing, kit.issue(kit.HOST, issuing, **given))  # type: ignore[arg-type]


def request_of(chain: Chain, ca_file: str, *sent: kit.Issued) -> VerifyRequest:
    return VerifyRequest(kit.HOST, tuple(one.der for one in sent or (chain.server, chain.issuing)), ca_file)


def test_a_good_chain_and_a_broken_one(scene: Scene) -> None:
    chain = make_chain()
    request = request_of(chain, scene.put("it's $(id) ca.pem", chain.root.pem))
    good = scene.ask(request)
    assert (good.outcome, good.error) == (LiveOutcome.OK, None)
    assert good.version.startswith("OpenSSL ")
    assert "-verify_hostname" in good.options
    alone = scene.ask(request, chain=(chain.server.der,))
    assert (alone.outcome, alone.depth) == (LiveOutcome.FAILED, 0)
    assert alone.code in (20, 21)
    other = scene.ask(request, host="b2.corp.example")
    assert (other.outcome, other.code) == (LiveOutcome.FAILED, 62)
    assert "name" in (other.error or "")


def test_options_that_the_agents_library_has(scene: Scene) -> None:
    chain = make_chain()
    request = request_of(chain, scene.put("issuing.pem", chain.issuing.pem))
    assert scene.ask(request).outcome is LiveOutcome.FAILED
    assert scene.ask(request, partial_chain=True).outcome is LiveOutcome.OK
    weak = make_chain(kind="rsa1024")
    low = request_of(weak, scene.put("weak.pem", weak.root.pem))
    assert scene.ask(low, security_level=0).outcome is LiveOutcome.OK
    assert scene.ask(low, security_level=2).code == 66


def test_only_what_the_agent_trusts_counts(scene: Scene, tmp_path: Path) -> None:
    """Neither the system's own store nor a directory that isn't there."""
    chain = make_chain()
    assert scene.ask(request_of(chain, "")).outcome is LiveOutcome.FAILED
    missing = scene.ask(request_of(chain, "/nonexistent/ca.pem"))
    assert (missing.outcome, missing.code) == (LiveOutcome.FAILED, None)
    assert "CA file" in (missing.error or "")
    directory = scene.root / "certs"
    directory.mkdir()
    (directory / f"{subject_hash(chain.root.der)}.0").write_bytes(chain.root.pem)
    request = replace(request_of(chain, ""), ca_directory=str(directory))
    assert scene.ask(request).outcome is LiveOutcome.OK
    assert scene.ask(request, ca_directory="/nonexistent").outcome is LiveOutcome.FAILED


def test_runs_as_the_agents_account(scene: Scene) -> None:
    if os.geteuid() != 0:
        pytest.skip("another account needs root")
    chain = make_chain()
    request = request_of(chain, scene.put("closed.pem", chain.root.pem))
    (scene.root / "closed.pem").chmod(0o600)
    assert scene.ask(request).outcome is LiveOutcome.OK
    closed = scene.ask(request, agent_user="nobody")
    assert (closed.outcome, closed.code) == (LiveOutcome.FAILED, None)
    (scene.root / "closed.pem").chmod(0o644)
    assert scene.ask(request, agent_user="nobody").outcome is LiveOutcome.OK
    assert "not as no-such-account" in scene.ask(request, agent_user="no-such-account").raw


def test_what_is_no_request_never_reaches_the_device(scene: Scene) -> None:
    chain = make_chain()
    request = request_of(chain, "")
    assert scene.ask(request, host="x; id").outcome is LiveOutcome.NOT_RUN
    assert scene.ask(request, chain=()).outcome is LiveOutcome.NOT_RUN
    assert scene.ask(request, chain=(b"x" * 300_000,)).outcome is LiveOutcome.NOT_RUN


@pytest.mark.parametrize("shell", SHELLS.values(), ids=list(SHELLS))
def test_every_shell(shell: tuple[str, ...], tmp_path: Path) -> None:
    chain = make_chain()
    ca = tmp_path / "ca.pem"
    ca.write_bytes(chain.root.pem)
    with place("asyncssh", tmp_path, shell) as served:
        result = served.gateway().verify_chain(served.device, request_of(chain, str(ca)))
    assert (result.outcome, result.error) == (LiveOutcome.OK, None), result


NAMED = ("-trusted_first", "-verify_hostname", kit.HOST, "-partial_chain")
VERSIONS = {
    "OpenSSL 0.9.8zh 3 Dec 2015": (),
    "OpenSSL 1.0.1e-fips 11 Feb 2013": (),
    "LibreSSL 3.3.6": (),
    "OpenSSL 1.0.2k-fips  26 Jan 2017": NAMED,
    "OpenSSL 1.1.1w  11 Sep 2023": (*NAMED, "-auth_level", "2"),
    "OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19)": (*NAMED, "-auth_level", "2", "-no-CAstore"),
    "OpenSSL 4.0.0 14 Apr 2026": (*NAMED, "-auth_level", "2", "-no-CAstore"),
}


@pytest.mark.parametrize(("version", "options"), VERSIONS.items(), ids=[name[:13] for name in VERSIONS])
def test_options_by_version(version: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """A program that says another version in front of the real one: old versions can't be installed here."""
    chain = make_chain()
    with place("asyncssh", tmp_path, ("dash",)) as served:
        program = tmp_path / "bin" / "openssl"
        real = shutil.which("openssl")
        says = f"if [ \"$1\" = version ]; then echo '{version}'; exit; fi"
        program.write_text(f'#!/bin/sh\n{says}\nexec {real} "$@"\n')
        program.chmod(0o755)
        ca = tmp_path / "ca.pem"
        ca.write_bytes(chain.root.pem)
        request = replace(request_of(chain, str(ca)), partial_chain=True, security_level=2)
        result = served.gateway().verify_chain(served.device, request)
    assert result.options == ("-purpose", "sslserver", *options, "-CAfile", str(ca))
    assert result.version == " ".join(version.split())
    assert result.outcome is LiveOutcome.OK, "the real one takes these options"


BROKEN: Mapping[str, Callable[[Chain], tuple[tuple[kit.Issued, ...], bytes]]] = {
    "good": lambda c: ((c.server, c.issuing), c.root.pem),
    "alone": lambda c: ((c.server,), c.root.pem),
    "completed-by-the-file": lambda c: ((c.server,), c.root.pem + c.issuing.pem),
    "other-root": lambda c: ((c.server, c.issuing), kit.issue("Other", None, ca=True, days=LONG).pem),
    "partial": lambda c: ((c.server, c.issuing), c.issuing.pem),
    "empty-file": lambda c: ((c.server, c.issuing), b"\n"),
    "out-of-order": lambda c: ((c.server, c.root, c.issuing), c.root.pem),
    "same-name": lambda c: ((c.server, c.issuing), kit.issue("Corp Root", None, ca=True, days=LONG).pem),
}
LEAVES: Mapping[str, dict[str, object]] = {
    "usual": {},
    "expired": {"days": (-3000.0, -2900.0)},
    "client-only": {"usages": [kit.CLIENT]},
    "other-name": {"names": ["else.corp.example"]},
    "weak-key": {"kind": "rsa1024"},
}


@pytest.mark.parametrize(
    ("leaf", "broken"), [("usual", name) for name in BROKEN] + [(name, "good") for name in LEAVES if name != "usual"]
)
def test_the_judge_and_the_devices_openssl_agree(leaf: str, broken: str, tmp_path: Path) -> None:
    sent, ca = BROKEN[broken](make_chain(**LEAVES[leaf]))
    now = datetime.now(UTC)
    on_device = kit.device(ca=ca, taken_at=now, clock=now)
    given = kit.pair(on_device, kit.beacon(hellos=(kit.hello(chain=tuple(one.der for one in sent)),)), now=now)
    (tmp_path / "ca.pem").write_bytes(ca)
    with place("asyncssh", tmp_path) as served:
        result = _asked(served, given, str(tmp_path / "ca.pem"), "")
    verdict = judge_pair(given)
    assert result.of_chain is predicted(verdict, "Uploader"), (result, verdict.findings[:3])
    assert result.outcome is (LiveOutcome.OK if _holds(leaf, broken) else LiveOutcome.FAILED)
    assert openssl_disagreement(verdict, dict.fromkeys(COMPONENTS, result)) is None
    other = LiveOutcome.FAILED if result.of_chain is LiveOutcome.OK else LiveOutcome.OK
    turned = replace(result, outcome=other, code=None)
    finding = openssl_disagreement(verdict, dict.fromkeys(COMPONENTS, turned))
    assert finding is not None
    assert finding.components == COMPONENTS


def _holds(leaf: str, broken: str) -> bool:
    return leaf == "usual" and broken in ("good", "completed-by-the-file", "partial", "out-of-order")


def _asked(served: Place, given: PairInput, ca_file: str, ca_directory: str, component: str = "Uploader") -> OwnOpenssl:
    assert given.device is not None
    assert given.beacon is not None
    observation = Observation(beacons={given.use.beacon: given.beacon})
    request = verify_requests(given.device, AgentProfile.load(), given.use, observation)[component]
    if isinstance(request, str):
        return OwnOpenssl(LiveOutcome.NOT_RUN, error=request)
    request = replace(request, ca_file=ca_file, ca_directory=ca_directory, agent_user="")
    return served.gateway().verify_chain(served.device, request)


@pytest.mark.truth
@pytest.mark.skipif(_CORPUS is None, reason="no corpus: set MTLS_CONSOLE_TRUTH")
def test_the_corpus_through_the_devices_openssl(tmp_path: Path) -> None:
    """Where data predict what `openssl verify` says, it says so. Cases of another clock need another machine."""
    wrong: list[str] = []
    asked = 0
    with place("asyncssh", tmp_path) as served:
        for case in _CASES:
            if case.client.get("clock") or case.client.get("run_as"):
                continue
            given = pair_input(case)
            verdict, component = judge_pair(given), case.client["component"]
            result = _asked(served, given, *_trust(case, given, component), component)
            expected = predicted(verdict, component)
            if LiveOutcome.NOT_RUN in (result.outcome, expected):
                continue
            asked += 1
            if result.of_chain is not expected:
                wrong.append(f"{case.id} {case.description}: data {expected}, openssl {result.outcome} {result.raw}")
    assert asked > 0.6 * len(_CASES)
    assert wrong == []


def _trust(case: TruthCase, given: PairInput, component: str) -> tuple[str, str]:
    assert given.device is not None
    observation = Observation(beacons={given.use.beacon: given.beacon} if given.beacon else {})
    request = verify_requests(given.device, AgentProfile.load(), given.use, observation)[component]
    if isinstance(request, str):
        return "", ""
    made = [str(case.directory / path) if path else "" for path in (request.ca_file, request.ca_directory)]
    empty = DirectoryFact(request.ca_directory, FileState.MISSING)
    return made[0], "" if given.device.directory(request.ca_directory) == empty else made[1]
