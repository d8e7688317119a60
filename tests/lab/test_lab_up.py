"""`lab up` as a process: one line when it is up, ended by a signal even where SIGINT was ignored, nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SPEC = '[ca.corp]\nkey = "p256"\n[[beacon]]\nname = "b1"\n[[device]]\nname = "d1"\n'
PROGRAM = textwrap.dedent("""
    import signal, sys
    from pathlib import Path
    from console.errors import ConfigurationError
    from fixtures.lab.supervisor import run_lab_up
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.exit(run_lab_up(Path(sys.argv[1]), Path(sys.argv[2]), "--sshd" in sys.argv, None))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
""")


def start(folder: Path, spec: str, *options: str) -> subprocess.Popen[str]:
    (folder / "spec.toml").write_text(spec)
    command = [sys.executable, "-c", PROGRAM, str(folder / "spec.toml"), str(folder / "run"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path, SPEC) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready {tmp_path}/run/fleet.toml\n"
        assert json.loads((tmp_path / "run/state.json").read_text())["pid"] == process.pid
        process.send_signal(number)
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (0, "", "")
    assert json.loads((tmp_path / "run/state.json").read_text())["running"] is False
    # The group is the process and all that it started.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_second_lab_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with start(tmp_path, SPEC) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with start(tmp_path, SPEC) as second:
            out, errors = second.communicate(timeout=20)
        first.terminate()
        first.communicate(timeout=20)
    assert (second.returncode, out) == (2, "")
    assert "a lab is running here" in errors


def test_a_wrong_spec_says_so_and_serves_nothing(tmp_path: Path) -> None:
    with start(tmp_path, '[[beacon]]\nname = "b1"\ntrusted = ["corp"]\n') as process:
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "beacon[0].trusted: no CA is called 'corp'" in errors
    assert not (tmp_path / "run").exists()
