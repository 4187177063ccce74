"""The files in deploy/ parse and promise what the operations page says; no container engine runs
here, so they were not run.
"""

import configparser
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "deploy").is_dir(), reason="deploy/ is not in the source distribution"
)


def test_the_container_is_not_root_and_serves():
    lines = [
        line.split(maxsplit=1)
        for line in (ROOT / "deploy/Dockerfile").read_text().splitlines()
        if line and line[0] not in "# "
    ]
    assert {name for name, _ in lines} <= {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert [value for name, value in lines if name == "USER"] == ["10001"]
    for _, sources in (pair for pair in lines if pair[0] == "COPY"):
        if not sources.startswith("--from"):
            assert all((ROOT / source).exists() for source in sources.split()[:-1])


def test_the_composition_parses_and_is_read_only():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    found = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    service = found["services"]["palate"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert set(found["volumes"]) == {"ratings"}


def test_the_unit_parses_and_its_command_has_options_that_exist():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(ROOT / "deploy/palate.service")
    command = shlex.split(unit["Service"]["ExecStart"])
    assert command[1] == "serve"
    known = (ROOT / "docs/commands.md").read_text()
    assert all(word in known for word in command if word.startswith("--"))
    assert unit["Service"]["DynamicUser"] == "yes"
    assert unit["Service"]["ProtectSystem"] == "strict"
