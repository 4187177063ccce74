"""The commands that README, Makefile and CI name are the same ones, and what the project says of
itself holds.

The workflows cannot run here. Linters check them without a network: their schema, and what makes
workflows unsafe.
"""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The project has no public address yet. These must be replaced when it gets one; there are no others.
PLACEHOLDERS = {
    ".github/ISSUE_TEMPLATE/config.yml": ["https://placeholder.invalid/palate/security"],
    "CITATION.cff": ["https://placeholder.invalid/palate"],
    "SECURITY.md": ["security@placeholder.invalid"],
    "pyproject.toml": [
        "https://placeholder.invalid/palate",
        "https://placeholder.invalid/palate/docs",
        "https://placeholder.invalid/palate/changelog",
        "https://placeholder.invalid/palate/issues",
    ],
}
SCHEMAS = {
    ".github/workflows/ci.yml": ["vendor.github-workflows", "custom.github-workflows-require-timeout"],
    ".github/dependabot.yml": ["vendor.dependabot"],
    ".github/ISSUE_TEMPLATE/bug.yml": ["vendor.github-issue-forms"],
    ".github/ISSUE_TEMPLATE/idea.yml": ["vendor.github-issue-forms"],
    ".github/ISSUE_TEMPLATE/config.yml": ["vendor.github-issue-config"],
    "CITATION.cff": ["vendor.citation-file-format"],
}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_the_first_screen_of_the_readme_holds_the_two_commands():
    screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:40])
    assert "make demo" in screen
    assert "make test" in screen


def test_ci_runs_what_the_readme_says():
    run = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make check" in run
    assert "make test" in run


def test_the_modules_that_begin_first_exist():
    (names,) = re.findall(
        r"^LONGEST = \((.*?)^\)", (ROOT / "tests" / "conftest.py").read_text("utf-8"), re.M | re.S
    )
    for name in re.findall(r'"(.+)"', names):
        assert any((ROOT / "tests" / end).exists() for end in (name, f"{name}.py")), name


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_every_target_that_a_page_names_exists(page):
    named = re.findall(r"(?:`|\$ )make ([a-z]+)", (ROOT / page).read_text("utf-8"))
    assert set(named) <= TARGETS


def tool(name, *arguments):
    """Return how one of the development tools ended, run without a network of its own."""
    command = [str(Path(sys.executable).parent / name), *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("name", "schema"), [(name, schema) for name, schemas in SCHEMAS.items() for schema in schemas]
)
def test_a_file_for_the_host_has_its_schema(name, schema):
    code, said = tool("check-jsonschema", "--builtin-schema", schema, name)
    assert code == 0, said


def test_every_file_for_the_host_is_checked():
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.yml")}
    assert found - {".github/zizmor.yml"} == {name for name in SCHEMAS if name.startswith(".github/")}


def test_a_wrong_workflow_is_found(tmp_path):
    path = tmp_path / "wrong.yml"
    path.write_text(WORKFLOWS[0].read_text("utf-8").replace("runs-on:", "runs_on:"), "utf-8")
    assert tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)[0] == 1


def test_the_workflows_are_safe():
    code, said = tool("zizmor", "--offline", "--no-progress", ".github")
    assert code == 0, said


def test_the_workflows_say_that_they_have_not_run():
    assert all("have not run yet" in path.read_text("utf-8").partition("name:")[0] for path in WORKFLOWS)


def test_the_workflows_test_the_oldest_and_the_newest_python_on_three_systems():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    supported = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert f'python: ["{supported[0]}", "{supported[-1]}"]' in text
    assert text.count("os: [ubuntu-latest, macos-latest, windows-latest]") == 2
    named = set(re.findall(r"run: make ([a-z]+)", text))
    assert named
    assert named <= TARGETS


def test_every_script_that_the_workflows_name_is_there():
    named = set(re.findall(r"scripts/[\w.]+", "".join(path.read_text("utf-8") for path in WORKFLOWS)))
    assert named == {"scripts/oldest.py", "scripts/smoke.py"}
    assert all((ROOT / name).is_file() for name in named)


def test_the_hooks_before_a_commit_are_valid():
    code, said = tool("pre-commit", "validate-config", ".pre-commit-config.yaml")
    assert code == 0, said


def test_addresses_that_must_be_replaced_are_listed():
    files = [
        *ROOT.glob("*.*"),
        *(path for folder in (".github", "docs", "src", "scripts") for path in (ROOT / folder).rglob("*")),
    ]
    address = re.compile(r"(?:https://|[\w.-]+@)placeholder\.invalid[\w/.-]*(?<!\.)")
    texts = [
        path
        for path in files
        if path.is_file() and path.suffix in (".md", ".py", ".toml", ".yml", ".yaml", ".cff")
    ]
    named = {path.relative_to(ROOT).as_posix(): address.findall(path.read_text("utf-8")) for path in texts}
    found = {name: addresses for name, addresses in named.items() if addresses}
    assert found == PLACEHOLDERS


def test_an_address_of_the_project_is_a_placeholder():
    assert all(url.startswith("https://placeholder.invalid/") for url in PROJECT["urls"].values())


def test_the_citation_names_this_version_and_these_authors():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"version: {PROJECT['version']}\n" in text
    assert [f"  - name: {author['name']}" for author in PROJECT["authors"]] == re.findall(
        r"^  - name: .*$", text, re.MULTILINE
    )


def test_the_oldest_versions_are_those_of_the_project():
    spec = importlib.util.spec_from_file_location("oldest", ROOT / "scripts" / "oldest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [line.replace("==", ">=") for line in module.oldest()] == [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["plots"],
    ]
