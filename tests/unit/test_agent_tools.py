"""The agent's own tools as a service: what the profile says of them, who may run them, where the result stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.agent.profile import AgentProfile, Provenance
from console.errors import ChangeRefused, ConfigurationError
from console.services.agent_tools import AgentToolService
from console.services.events import AgentToolEnded, JobEvent
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    yield made
    made.space.close()
    made.store.close()


def test_the_shipped_tools_name_their_side_effects() -> None:
    tools = AgentProfile.load().tools
    assert set(tools) == {"mgspolicy", "ndupload"}
    assert tools["mgspolicy"].arguments == ("-t", "Machine")
    for tool in tools.values():
        assert tool.program.startswith("/opt/managesoft/bin/")
        assert len(tool.effects) >= 2
        assert tool.provenance is not Provenance.ASSUMED
        assert tool.source


def test_a_user_corrects_a_path_without_code(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text('[tool.ndupload]\nprogram = "/usr/local/agent/ndupload"\n')
    tool = AgentProfile.load(path).tools["ndupload"]
    assert (tool.program, tool.uses) == ("/usr/local/agent/ndupload", "upload")
    path.write_text('[tool.ndupload]\nprogram = "ndupload"\n')
    with pytest.raises(ConfigurationError, match="absolute path"):
        AgentProfile.load(path)


def test_a_run_is_kept_beside_every_proof(world: World) -> None:
    world.sweep()
    before = [verdict.verdict for verdict in world.space.estate.verdicts()]
    events: list[JobEvent] = []
    job = world.space.agent_tools.start("d1", "ndupload")
    job.subscribe(events.append)
    assert job.wait(10)
    ((device, request),) = world.devices.tools_run
    assert (device, request.program, request.agent_user) == ("d1", "/opt/managesoft/bin/ndupload", "root")
    assert world.space.agent_tools.runs("d1") == {"ndupload": world.devices.tool_result}
    assert world.space.agent_tools.runs("d2") == {}
    assert [verdict.verdict for verdict in world.space.estate.verdicts()] == before
    assert [event.tool for event in events if isinstance(event, AgentToolEnded)] in ([], ["ndupload"])


def test_nothing_runs_on_a_device_that_was_never_swept(world: World) -> None:
    job = world.space.agent_tools.start("d1", "mgspolicy")
    assert job.wait(10)
    assert world.devices.tools_run == []
    assert [failure.target for failure in job.failures] == ["d1"]


def test_no_tool_runs_as_an_account_that_is_only_assumed(world: World) -> None:
    world.sweep()
    estate, service = world.space.estate, world.space.agent_tools
    snapshot = estate.observation().devices["d1"]
    known = replace(snapshot, agent_user_source="owner of /var/opt/managesoft/etc")
    guess = replace(snapshot, agent_user_source="assumed: /var/opt/managesoft/etc can't be looked at")
    estate.record_device(guess)
    with pytest.raises(ChangeRefused, match=r"account is only assumed: .* can't be looked at") as refused:
        service.start("d1", "mgspolicy")
    assert "agent_user" in refused.value.hint
    assert world.devices.tools_run == []
    estate.record_device(known)
    assert service.start("d1", "mgspolicy").wait(10)
    assert [device for device, _ in world.devices.tools_run] == ["d1"]


def test_a_read_only_console_refuses(world: World) -> None:
    space = world.space
    service = AgentToolService(space.fleet, world.devices, space.estate, space.jobs, space.clock, read_only=True)
    with pytest.raises(ChangeRefused, match="read-only"):
        service.start("d1", "ndupload")
    with pytest.raises(ConfigurationError, match="no tool"):
        space.agent_tools.start("d1", "format-disk")
    with pytest.raises(ConfigurationError, match="no device"):
        space.agent_tools.start("d9", "ndupload")
