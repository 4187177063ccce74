"""The registry of random streams: each stream has its number for good, and no two of a kind share one."""

import ast
from pathlib import Path

import numpy as np
import pytest

import palate
from palate._random import ChainStream, Stream, from_seed, generator, key_of, philox, stream_of

SOURCE = Path(palate.__file__).parent
# A stream that each side has one of also takes the number after its own.
TWO_SIDED = {"UNKNOWN_ROWS", "UNKNOWN_SCALES", "FOLD_ROWS", "FOLD_TARGETS", "FOLD_SCALES"}


def test_the_numbers_are_what_they_have_always_been():
    assert {name: int(one) for name, one in Stream.__members__.items()} == {
        "START": 0,
        "HOLDOUT": 2,
        "BOOTSTRAP": 11,
        "SPECTRAL": 11,
        "EXPLORE": 12,
        "PREDICTIVE": 13,
        "UNKNOWN_ROWS": 20,
        "UNKNOWN_SCALES": 22,
        "FOLD_ROWS": 30,
        "FOLD_TARGETS": 32,
        "FOLD_SCALES": 34,
        "FOLD_SESSIONS": 36,
        "FOLD_SESSION_LEVELS": 37,
        "STANDARD_ERRORS": 40,
        "COMPRESS": 50,
    }
    assert list(ChainStream) == list(range(10))


def test_no_two_streams_share_a_number_but_the_pair_that_always_did():
    taken = [
        int(one) + side
        for name, one in Stream.__members__.items()
        if name != "SPECTRAL"
        for side in range(2 if name in TWO_SIDED else 1)
    ]
    assert len(taken) == len(set(taken))


def test_the_two_sides_follow_each_other():
    for name in TWO_SIDED:
        assert stream_of(Stream[name], "item") == stream_of(Stream[name], "user") + 1 == Stream[name] + 1


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_keys_of_streams_differ_and_repeat(seed):
    keys = [int(key_of(seed, step, stream)) for step in range(3) for stream in set(Stream)]
    assert len(keys) == len(set(keys))
    assert keys == [int(key_of(seed, step, int(stream))) for step in range(3) for stream in set(Stream)]


def test_generators_repeat_and_their_steps_differ():
    first = [
        generator(1, chain, sweep, 16 * stream).random()
        for chain in (0, 1)
        for sweep in (1, 2)
        for stream in ChainStream
    ]
    assert len(first) == len(set(first))
    assert generator(1, 0, 1, 0).random() == first[0]
    assert philox(22).random() == np.random.Generator(np.random.Philox(key=22)).random()
    assert from_seed(5).random() == np.random.default_rng(5).random()


# Numbers for another purpose than the library's own: the exercise, and the order in which Keras sees ratings.
OWN = {"lesson/hidden.py", "training/keras/epochs.py", "training/keras/backend.py", "_random.py"}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_random_numbers_come_from_the_registry(path):
    if path.relative_to(SOURCE).as_posix() in OWN or path.relative_to(SOURCE).parts[0] == "kernels":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("default_rng", "Philox", "SeedSequence"), f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "key_of":
            stream = ast.unparse(node.args[2])
            assert "tream" in stream, f"line {node.lineno}: {stream} is no stream of the registry"
