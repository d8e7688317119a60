"""The parameters of each operation, strictly: a plan file is written by anyone, and each step is run and judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from console.changes.model import BeaconStep
from console.iis.snapshot import HttpSysRecord


class _Record(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Every parameter is named, and no other."""


class SetAccess(_Record, frozen=True):
    site: str
    location: str
    before: list[str] | None
    after: list[str] | None
    configSha256: str  # noqa: N815 - the name in the script


class SetHttpsys(_Record, frozen=True):
    kind: Literal["ipport", "hostnameport"]
    key: str
    before: HttpSysRecord
    after: HttpSysRecord


class BoundCertificate(_Record, frozen=True):
    thumbprint: str
    store: str
    sslFlags: int  # noqa: N815 - the name in the script


class SetBinding(_Record, frozen=True):
    site: str
    information: str
    before: BoundCertificate
    after: BoundCertificate
    configSha256: str  # noqa: N815 - the name in the script


class RestartSite(_Record, frozen=True):
    site: str


_SHAPES: Mapping[str, type[_Record]] = {
    "set-access": SetAccess,
    "set-httpsys": SetHttpsys,
    "set-binding": SetBinding,
    "restart-site": RestartSite,
}
_RECORD = frozenset(HttpSysRecord.__dataclass_fields__)


def step_problem(step: BeaconStep) -> str:
    """What is wrong with a step, in one line; empty where it is sound."""
    shape = _SHAPES.get(step.operation)
    if shape is None:
        return f"unknown step {step.operation!r:.40}"
    for parameters in (step.parameters, step.inverse):
        if parameters is None:
            continue
        try:
            read = msgspec.convert(parameters, shape)
        except msgspec.ValidationError as error:
            return f"step {step.operation}: {error}"
        if isinstance(read, SetHttpsys) and not _names_every_field(parameters):
            return "step set-httpsys: `before` and `after` must hold every field of the http.sys record"
    return ""


def _names_every_field(parameters: Mapping[str, object]) -> bool:
    """What isn't named would be set to netsh's default."""
    sides = (parameters["before"], parameters["after"])
    return all(isinstance(side, dict) and set(side) == _RECORD for side in sides)
