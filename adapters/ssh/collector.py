"""Reads one device: two commands on one connection, and in a third of their own time the names that it resolves and the
endpoints that it gets through to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from adapters.ssh.facts import Records, Who, account, clock, directory_fact, file_fact, key_fact, text
from adapters.ssh.names import HOST, is_address, name_fact
from adapters.ssh.reach import Endpoint, endpoints_of, reach_facts, reach_script, reach_seconds
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from adapters.ssh.tls_stack import tls_stack
from console.agent.document import ConfigDocument
from console.agent.failover import failover_uses
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.agent.secrets import mask_secrets
from console.agent.snapshot import ASSUMED, DeviceSnapshot, FileFact, FileState, NameFact, ReachFact
from console.errors import CommandFailed
from console.fleet.pairing import Resolve
from console.pki.names import ascii_host
from console.ports import Clock

FACTS_SECONDS = 60.0
FILES_SECONDS = 60.0
NAMES_SECONDS = 20.0
PEM_LIMIT = 2_000_000
"""Bytes of a CA bundle; a larger one is TOO_LARGE."""
ENTRIES_LIMIT = 1000
PATHS_LIMIT = 24
NAMES_LIMIT = 100
"""An estate has 50 beacons at most, which a device may know by two names each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Paths that an effective TLS preference of some component names, each once."""

    files: tuple[str, ...]
    directories: tuple[str, ...]
    keys: tuple[str, ...]
    hosts: tuple[str, ...]
    endpoints: tuple[tuple[str, int], ...] = ()
    """Host and port of each usable entry of the failover lists."""


def collect(
    session: DeviceSession,
    profile: AgentProfile,
    console_clock: Clock,
    hosts: Sequence[str],
    pairs: Sequence[tuple[str, int]],
    resolve: Resolve,
) -> DeviceSnapshot:
    """`pairs`: host and port of the fleet file's pairs of this device. `resolve`: where [resolve] says that a host is;
    the device isn't asked for its name then.

    Raises SshError, HostKeyError, CredentialError, CommandFailed.
    """
    device = session.device
    answer = ask(session, f"facts {quoted(device.config_ini)} {quoted(device.agent_user)}", FACTS_SECONDS)
    taken_at = console_clock.now()
    user, source = _agent_user(device.agent_user, device.config_ini, answer)
    who = Who(account(answer, "agent", user), account(answer, "login", text(answer, "login")))
    config = file_fact(answer, "config", device.config_ini, who)
    document = ConfigDocument.parse(config.content or b"")
    wanted = wanted_by(document, profile)
    notes = [*_notes(answer, config)]
    files = ask(session, _reading(wanted), FILES_SECONDS)
    endpoints = endpoints_of([*pairs, *wanted.endpoints], resolve)
    names, reach = _network(session, [*hosts, *wanted.hosts], frozenset(host for host, _ in resolve), endpoints)
    notes += [f"{path} is relative; it was looked for in the login's home" for path in _relative(wanted)]
    return DeviceSnapshot(
        device=device.name,
        taken_at=taken_at,
        clock=clock(answer),
        system=text(answer, "system"),
        release=text(answer, "release"),
        hostname=text(answer, "hostname"),
        login=text(answer, "login"),
        agent_user=user,
        agent_user_source=source,
        agent_version=text(answer, "version"),
        # The hash stays that of the file; passwords go no further than this line.
        config=replace(config, content=None if config.content is None else mask_secrets(config.content)),
        files=tuple(file_fact(files, f"file.{n}", path, who) for n, path in enumerate(wanted.files)),
        directories=tuple(directory_fact(files, f"dir.{n}", path, who) for n, path in enumerate(wanted.directories)),
        keys=tuple(key_fact(files, f"key.{n}", path, who) for n, path in enumerate(wanted.keys)),
        tls=tls_stack(answer),
        names=names,
        reach=reach,
        notes=tuple(notes),
    )


def ask(session: DeviceSession, main: str, seconds: float) -> Records:
    """Run functions of collect.sh. Raises CommandFailed where the answer isn't whole."""
    script = whole(library("common.sh"), library("collect.sh"), main)
    output = session.run(bootstrap(script), script, seconds)
    name = session.device.name
    if output.timed_out:
        raise CommandFailed(f"the device took more than {seconds:.0f} s to answer", target=name, phase="read")
    if output.lost:
        raise CommandFailed("the connection was lost while the device answered", target=name, phase="read")
    if output.status != 0 and not output.stdout:
        said = plain(output.stderr)
        raise CommandFailed(
            f"the device's shell ended with status {output.status}" + (f": {said}" if said else ""),
            target=name,
            phase="read",
            hint="A POSIX sh and dd are needed on the device.",
        )
    return records(output.stdout, name)


def wanted_by(document: ConfigDocument, profile: AgentProfile) -> Wanted:
    """What is read of a device that has this config.ini."""
    tls = [effective_tls(document, profile, name) for name in profile.components]
    entries = failover_uses(document, profile)
    return Wanted(
        files=_once((p for each in tls for p in (each.ca_file, each.client_certificate)), PATHS_LIMIT),
        directories=_once((each.ca_directory for each in tls), PATHS_LIMIT),
        keys=_once((each.client_key for each in tls), PATHS_LIMIT),
        hosts=_once((entry.host for entry in entries), NAMES_LIMIT),
        endpoints=tuple((entry.host, entry.port) for entry in entries if entry.usable and entry.port is not None),
    )


def _once(values: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))[:limit]


def _reading(wanted: Wanted) -> str:
    lines = [f"file file.{n} {_word(path)} pem {PEM_LIMIT}" for n, path in enumerate(wanted.files)]
    lines += [f"directory dir.{n} {_word(path)} {ENTRIES_LIMIT}" for n, path in enumerate(wanted.directories)]
    lines += [f"key key.{n} {_word(path)}" for n, path in enumerate(wanted.keys)]
    return "\n".join(lines)


def _word(path: str) -> str:
    """A path with a NUL can't be given to any command; its part before the NUL is what the C library would open."""
    path = path.partition("\0")[0] or "/dev/null/none"
    return quoted(f"./{path}" if path.startswith("-") else path)


def _network(
    session: DeviceSession, hosts: Sequence[str], resolved: frozenset[str], endpoints: Sequence[Endpoint]
) -> tuple[tuple[NameFact, ...], tuple[ReachFact, ...]]:
    asked = [h for h in dict.fromkeys(hosts) if h and h not in resolved and not is_address(h)][:NAMES_LIMIT]
    known = {host: ascii_host(host) for host in asked if HOST.fullmatch(ascii_host(host))}
    odd = tuple(NameFact(plain(host), error="isn't a host name") for host in asked if host not in known)
    if not known and not endpoints:
        return odd, ()
    script = whole(
        library("common.sh"),
        library("collect.sh"),
        library("reach.sh"),
        "\n".join([*reach_script(endpoints), *(f"resolve name.{n} {quoted(w)}" for n, w in enumerate(known.values()))]),
    )
    # A name server that doesn't answer must not cost the snapshot: what has come by then counts.
    output = session.run(bootstrap(script), script, NAMES_SECONDS + reach_seconds(endpoints))
    answer = records(output.stdout, session.device.name, partial=True)
    names = tuple(name_fact(answer, f"name.{n}", host) for n, host in enumerate(known))
    return names + odd, reach_facts(session, endpoints, answer, names)


def _agent_user(given: str, config_ini: str, answer: Records) -> tuple[str, str]:
    if given:
        return given, "fleet file"
    owner = text(answer, "owner")
    directory = config_ini.rpartition("/")[0] or "/"
    if owner:
        return owner, f"owner of {directory}"
    return "root", f"{ASSUMED}: {directory} can't be looked at"


def _notes(answer: Records, config: FileFact) -> list[str]:
    notes: list[str] = []
    if config.state is not FileState.PRESENT:
        notes.append(f"{plain(config.path)} is {config.state.value}: the agent's defaults are taken")
    elif config.content is None:
        notes.append(f"{plain(config.path)} couldn't be read: the agent's defaults are taken")
    if "config.redacted" in answer:
        notes.append(f"{plain(config.path)} holds what looks like a private key; that part stayed on the device")
    if not config.sha256:
        notes.append("the device has no tool for SHA-256 (sha256sum, shasum, openssl, digest): it can't be edited")
    if not text(answer, "openssl.version"):
        notes.append("the device has no openssl on its path")
    if not text(answer, "clock"):
        notes.append("the device's date can't tell the time")
    return notes


def _relative(wanted: Wanted) -> list[str]:
    paths = (*wanted.files, *wanted.directories, *wanted.keys)
    return [plain(path) for path in dict.fromkeys(paths) if not path.startswith("/")]
