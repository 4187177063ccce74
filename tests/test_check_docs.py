"""The documentation's runner runs what it says it runs; a runner that skips in silence would let
the documents rot.
"""

import importlib.util
import os
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_docs.py"


@pytest.fixture(scope="module")
def check_docs():
    spec = importlib.util.spec_from_file_location("check_docs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def problems(check_docs, tmp_path):
    def problems_of(text):
        path = tmp_path / "page.md"
        path.write_text(text, "utf-8")
        before = os.getcwd()
        found = list(check_docs.problems_of(path))
        assert os.getcwd() == before
        return found

    return problems_of


def test_blocks_of_a_page_share_folder_and_namespace(problems):
    text = (
        "```python\nfrom pathlib import Path\nx = 3\n```\n```console\n$ printf hello > note.txt\nthis "
        "is output\n```\n"
    )
    assert (
        problems(text + "```python\nassert x == 3 and Path('note.txt').read_text() == 'hello'\n```\n") == []
    )


def test_a_failing_python_block_names_its_line_and_error(problems):
    (message,) = problems("# page\n\n```python\nok = 1\nraise KeyError('nobody')\n```\n")
    assert "page.md:3: " in message
    assert "line 5" in message
    assert "KeyError: 'nobody'" in message


def test_a_failing_command_shows_its_output(problems):
    (message,) = problems("```console\n$ python -c \\\n    'import sys; sys.exit(3)'\n```\n")
    assert "exited with 3" in message


def test_a_command_of_palate_runs_in_the_process_of_the_page_and_may_fail(problems, check_docs):
    assert problems("```console\n$ palate --version\n$ palate info --help > help.txt\n```\n") == []
    (message,) = problems("```console\n$ palate info 'no such file.palate'\n```\n")
    assert "exited with 1" in message
    assert "no such file.palate" in message
    plain = ("palate rated m.palate 63 --n 5", "palate recommend m.palate --rate 'The Matrix=5'")
    of_a_shell = (
        "palate info m.palate | head",
        "palate info m.palate > a.txt",
        "palate --v $X",
        "cat m.palate",
    )
    assert all(map(check_docs.is_plain, plain))
    assert not any(map(check_docs.is_plain, of_a_shell))


def test_every_line_of_a_block_without_prompts_is_a_command(problems):
    assert len(problems("```bash\n# a comment\npython -c 'raise SystemExit(2)'\n```\n")) == 1


def test_a_session_with_prompts_is_compared(problems):
    assert problems("```python\n>>> 1 + 1\n2\n>>> x = 5\n```\n```python\n>>> x\n5\n```\n") == []
    (message,) = problems("```python\n>>> 1 + 1\n3\n```\n")
    assert "Expected:" in message


def test_a_block_is_skipped_only_with_a_reason(problems):
    assert problems("<!-- not run: takes an hour -->\n\n```python\nraise ValueError\n```\n") == []
    assert len(problems("<!-- not run -->\n```python\nraise ValueError\n```\n")) == 1
    # the comment speaks of the next block alone
    assert len(problems("<!-- not run: x -->\n```python\n1/0\n```\n```python\n1/0\n```\n")) == 1


def test_installing_commands_are_not_run(problems):
    assert (
        problems("```console\n$ pip install nothing-of-this-name\n$ make demo\n$ git clone nowhere\n```\n")
        == []
    )


def test_a_broken_link_is_a_problem(problems, tmp_path):
    (tmp_path / "there.md").write_text("")
    assert problems("[a](there.md) [b](there.md#part) [c](https://example.org) [d](#here)\n") == []
    assert problems("[a](absent.md)\n") == [f"{tmp_path / 'page.md'}: the link to absent.md leads nowhere."]


def test_an_unclosed_block_is_an_error(problems):
    with pytest.raises(ValueError, match=r"page\.md:1: the block must be closed"):
        problems("```python\nx = 1\n")


def test_pages_whose_output_is_compared_are_run_by_tests_of_the_command_line(check_docs):
    tests = "".join(
        path.read_text("utf-8") for path in (SCRIPT.parents[1] / "tests" / "cli").glob("test_*.py")
    )
    for page in check_docs.COMPARED:
        assert f'sessions("{page}")' in tests
        languages = {block.language for block in check_docs.blocks_of(SCRIPT.parents[1] / "docs" / page)}
        assert languages == {"console"}  # which are all that `sessions` runs


def test_what_a_text_block_shows_must_have_been_printed(problems):
    run = "```python\nprint('RMSE  0.8681\\n│ MAE ┆ 0.66 │\\nseen 12 ratings')\n```\n"
    shown = "```text\n{}\n```\n"
    for right in ("RMSE 0.8681", "RMSE 0.8680 MAE", "RMSE\n...\nseen 12 ratings", "... 0.66"):
        assert problems(run + shown.format(right)) == [], right
    for wrong in ("RMSE 0.8651", "seen 13 ratings", "MAE\n...\nRMSE", "RMSE\nseen"):
        (message,) = problems(run + shown.format(wrong))
        assert "page.md:4: this was not printed:" in message, wrong
        assert "but this was:\nRMSE  0.8681" in message


def test_a_text_block_after_a_sentence_or_a_block_that_is_not_run_is_only_shown(problems):
    run = "```python\nprint('RMSE  0.8681')\n```\n"
    formula = "```text\nsum_u l2\n```\n"
    assert problems(f"{run}\nThe objective is\n\n{formula}") == []
    assert problems(f"<!-- not run: takes an hour -->\n{run}\n{formula}") == []


def test_what_commands_print_is_compared(problems):
    (message,) = problems("```console\n$ palate --version\n```\n```text\npalate 99.0\n```\n")
    assert "palate 99.0\nbut this was:" in message
