"""The container: its bytes, and every way they can be wrong."""

import hashlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from model_files import DIGEST, cases, joined, resigned, small_model, smallest_model, split, wide_model
from palate.model.file import container
from palate.model.file.errors import Damage
from palate.model.file.json import parse_json
from palate.model.file.loading import ModelFileError, dumps, load_model, loads, read_metadata

ARRAYS = {
    "b": np.array([1, 2], dtype=np.float32),
    "a": np.array([[7]], dtype=np.int64),
    "empty": np.zeros((2, 0), dtype=np.float32),
    "c": np.array([255, 0, 1], dtype=np.uint8),
}


@pytest.fixture(scope="module")
def small():
    return dumps(small_model())


@pytest.fixture(scope="module")
def smallest():
    return dumps(smallest_model())


def encoded(arrays=ARRAYS, metadata=None):
    return b"".join(container.encode(arrays, {"n": 1} if metadata is None else metadata))


def decoded(data):
    return container.decode(io.BytesIO(data), len(data))


@pytest.mark.parametrize("length", [640, 1408, 66_176, 66_688])
def test_a_header_whose_length_begins_like_a_pickle_is_read(length):
    short = len(container.encode(ARRAYS, {"note": ""})[1])
    data = b"".join(container.encode(ARRAYS, {"note": "a" * (length - short)}))
    assert data[:8] == length.to_bytes(8, "little")
    assert re.match(rb"\x80[\x02-\x05]", data)
    assert container.decode(io.BytesIO(data), len(data))[1] == {"note": "a" * (length - short)}


# Layout


def test_bytes_are_these_and_no_others():
    data = encoded()
    header = (
        r'{"__metadata__":{"palate":"{\"format\":\"palate '
        r'model\",\"version\":1,\"sha256\":\"DIGEST\",\"n\":1}"},'
        '"a":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]},'
        '"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},'
        '"empty":{"dtype":"F32","shape":[2,0],"data_offsets":[16,16]},'
        '"c":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}'
    )
    length = len(header) - len("DIGEST") + 64
    padded = length + -length % 8
    body = b"\x07" + bytes(7) + b"\x00\x00\x80\x3f" + b"\x00\x00\x00\x40" + b"\xff\x00\x01"

    def whole(digest):
        text = header.replace("DIGEST", digest).ljust(padded)
        return padded.to_bytes(8, "little") + text.encode() + body

    assert data == whole(hashlib.sha256(whole("0" * 64)).hexdigest())


def test_the_digest_stands_at_a_fixed_place(small):
    at = 8 + len(r'{"__metadata__":{"palate":"{\"format\":\"palate model\",\"version\":1,\"sha256\":\"')
    blank = small[:at] + b"0" * 64 + small[at + 64 :]
    assert small[at : at + 64].decode() == hashlib.sha256(blank).hexdigest()


def test_arrays_are_aligned_to_their_type(small):
    entries, _, _ = split(small)
    start = 8 + int.from_bytes(small[:8], "little")
    assert start % 8 == 0
    for entry in entries.values():
        assert (start + entry["data_offsets"][0]) % container.DTYPES[entry["dtype"]].itemsize == 0


def test_what_is_encoded_is_decoded():
    arrays, metadata = decoded(encoded(metadata={"x": [1.5, None, True], "text": 'é🔥\\"\n'}))
    assert metadata == {"x": [1.5, None, True], "text": 'é🔥\\"\n'}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_order_of_arrays_does_not_change_the_bytes():
    assert encoded(dict(reversed(ARRAYS.items()))) == encoded()


def test_other_programs_read_it_with_safetensors(small):
    from safetensors.numpy import load

    arrays = load(small)
    assert arrays["ratings.items"].tolist() == [0, 2, 1, 2, 0]
    assert arrays.keys() == split(small)[0].keys()


def test_encoding_does_not_copy_the_arrays():
    array = np.zeros(1 << 22, dtype=np.float32)
    tracemalloc.start()
    container.encode({"big": array}, {})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_decoding_holds_the_arrays_once():
    data = encoded({"big": np.zeros(1 << 22, dtype=np.float32)})
    tracemalloc.start()
    decoded(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(data) + (1 << 20)


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), dtype=np.float32)[:, ::2], np.zeros(2, dtype=np.float16), np.zeros(2, dtype=">f4")],
)
def test_arrays_that_cannot_be_stored_as_they_are(array):
    with pytest.raises(Damage, match=r"arrays must be contiguous|tensor 'a' must have a dtype among"):
        container.encode({"a": array}, {})


def test_too_much_metadata_is_refused():
    with pytest.raises(Damage, match=r"the metadata must fit 4194304 bytes; got 4\d{6}"):
        container.encode({}, {"text": "x" * container.MAX_HEADER})


# Damage to the whole file


def loads_at_all(data):
    try:
        loads(data)
    except ModelFileError:
        return False
    return True


def test_cut_off_anywhere():
    data = dumps(wide_model())
    assert 40_000 < len(data) < 45_000
    assert [length for length in range(len(data)) if loads_at_all(data[:length])] == []
    assert loads_at_all(data)


def test_every_flipped_bit_is_noticed(smallest):
    survived = []
    for bit in range(len(smallest) * 8):
        damaged = bytearray(smallest)
        damaged[bit // 8] ^= 1 << bit % 8
        if loads_at_all(bytes(damaged)):
            survived.append(bit)
    assert survived == []


def test_flipped_bits_in_the_arrays_name_the_digest(small):
    damaged = bytearray(small)
    damaged[-1] ^= 1
    with pytest.raises(
        ModelFileError,
        match=r"^the model in memory is not a usable model file: its content does not match its SHA-256, "
        r".*\.$",
    ):
        loads(bytes(damaged))


@pytest.mark.parametrize("tail", [b"\0", b"PK\x03\x04"])
def test_bytes_after_the_end(small, tail):
    with pytest.raises(
        ModelFileError,
        match=r"its tensors must take the \d+ bytes after the header; they take \d+, so it is cut off or "
        r"padded",
    ):
        loads(resigned(small + tail))


FOREIGN = {
    "empty": (b"", "it is empty"),
    "short": (b"palate\0", r"it ends after 7 bytes, inside the header's length"),
    "pickle": (pickle.dumps({"a": 1}), "it is a pickle, which palate never loads, not a palate model"),
    "hdf5": (
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        r"it is an HDF5 file \(Keras weights\?\), not a palate model",
    ),
    "parquet": (b"PAR1" + bytes(100), "it is a Parquet file"),
    "arrow": (b"ARROW1\0\0" + bytes(100), "it is an Arrow file"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "it is a gzip file"),
    "text": (
        b"userId,movieId,rating\n1,2,3\n",
        "it is text, such as a CSV table of ratings, not a palate model; train",
    ),
    "json": (b'{"__metadata__":{}}', "it is text, such as a CSV table"),
    "byte order mark": (
        b"\xef\xbb\xbf{}" + bytes(100),
        r"its header must end within the file of 105 bytes, but is said to take \d+",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_programs(tmp_path, name):
    data, message = FOREIGN[name]
    path = tmp_path / "other.palate"
    path.write_bytes(data)
    with pytest.raises(
        ModelFileError, match=f"^{re.escape(str(path))} is not a usable model file: {message}.*\\.$"
    ):
        load_model(path)
    with pytest.raises(ModelFileError, match=message):
        read_metadata(path)


def test_a_zip_archive(tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(ModelFileError, match="it is a zip archive"):
        load_model(path)


def test_a_safetensors_file_of_another_program(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3, dtype=np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="it is damaged, or a safetensors file of another program"):
        load_model(tmp_path / "model.safetensors")


def test_a_folder(tmp_path):
    with pytest.raises(ModelFileError, match="it is a folder"):
        load_model(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="it is no regular file"):
        load_model(tmp_path / "pipe")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        load_model(tmp_path / "missing")


def test_a_newer_version(small):
    with pytest.raises(
        ModelFileError,
        match="it has version 2 of the format and this palate reads up to 1: upgrade palate to load it",
    ):
        loads(resigned(small.replace(rb"\"version\":1,", rb"\"version\":2,", 1)))


# Attacks on the header: each file is signed, so that what is tested is the parser


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def with_header(header, arrays=b"\0" * 4, metadata=None):
    return joined(
        header, metadata or {"format": "palate model", "version": 1, "sha256": "0" * 64, "n": 1}, arrays
    )


def raw_header(text, arrays=b"\0" * 4, inner=r"\"n\":1"):
    start = (
        r'{"__metadata__":{"palate":"{\"format\":\"palate model\",\"version\":1,\"sha256\":\"'
        + "0" * 64
        + r"\","
        + inner
        + '}"'
    )
    return joined(start + text, {}, arrays)


A = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
SIZES = "must have a shape of at most 8 sizes from 0"
OFFSETS = "must have two data_offsets, in order and up to 4"
ATTACKS = {  # by name: a file, or for a large one the function that makes it, and what is said of it
    "duplicate tensor": (
        raw_header("}," + A + "," + A + "}"),
        "its header must name each key once; got 'a' twice",
    ),
    "duplicate key in tensor": (
        raw_header('},"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
        "got 'dtype' twice",
    ),
    "duplicate metadata": (
        raw_header('},"__metadata__":{"palate":"{}"},' + A + "}"),
        "got '__metadata__' twice",
    ),
    "duplicate key in metadata": (
        raw_header("}," + A + "}", inner=r"\"n\":1,\"n\":1"),
        "its metadata must name each key once; got 'n' twice",
    ),
    "second sha256": (
        raw_header("}," + A + "}", inner=r"\"sha256\":\"" + "0" * 64 + r"\""),
        "got 'sha256' twice",
    ),
    "two metadata keys": (
        raw_header(',"x":"y"},' + A + "}"),
        "__metadata__ must hold one string named 'palate' and nothing else",
    ),
    "metadata is no object": (raw_header("}," + A + "}", inner=r"\"n\":1}}"), "its metadata must be JSON"),
    "deep lists": (
        raw_header('},"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
        "its header must be nested at most 16 deep",
    ),
    "deep objects": (
        raw_header('},"a":' + '{"a":' * 60_000 + "1" + "}" * 60_001),
        "its header must be nested at most 16 deep",
    ),
    "deep metadata": (
        raw_header("}," + A + "}", inner=r"\"n\":" + "[" * 5000 + "]" * 5000),
        "its metadata must be nested at most 16 deep",
    ),
    "unclosed lists": (raw_header('},"a":' + "[" * 200_000), "its header must be nested at most 16 deep"),
    "many values": (
        raw_header('},"a":[' + "0," * 300_000 + "0]}"),
        r"its header must have at most 250000 values; got 30\d+",
    ),
    "many tensors": (
        lambda: with_header({f"t{i}": entry(shape=[0], offsets=[0, 0]) for i in range(50_000)}),
        "its header must have at most 250000 values|at most 4096 tensors",
    ),
    "a million tensors": (
        lambda: with_header(dict.fromkeys(map("t{}".format, range(1_000_000)), entry("F32", [0], [0, 0]))),
        r"its header must take at most 4194304 bytes; got \d+",
    ),
    "5000 tensors": (
        with_header({f"t{i}": entry(shape=[0], offsets=[0, 0]) for i in range(5000)}),
        "at most 4096 tensors; got 5000",
    ),
    "a long number": (
        raw_header('},"a":{"dtype":"F32","shape":[' + "1" * 100_000 + '],"data_offsets":[0,4]}}'),
        r"integers below 2\*\*63",
    ),
    "N = 2**63": (
        raw_header('},"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}'),
        r"integers below 2\*\*63",
    ),
    "NaN in the header": (raw_header('},"a":NaN}'), "its header must hold finite numbers; got NaN"),
    "infinity in the header": (
        raw_header('},"a":1e999}'),
        "its header must hold finite numbers; got '1e999'",
    ),
    "product overflows": (
        with_header({"a": entry(shape=[2**32, 2**32])}),
        "tensor 'a' must have a shape below 2",
    ),
    "product overflows to the size": (
        with_header({"a": entry(shape=[2**62, 4, 1])}),
        "tensor 'a' must have a shape below 2",
    ),
    "zero hides an overflow": (
        with_header({"a": entry(shape=[0, 2**62, 2**62], offsets=[0, 0])}, b""),
        "tensor 'a' must have a shape below 2",
    ),
    "size against shape": (
        with_header({"a": entry(shape=[2])}),
        "tensor 'a' must take 8 bytes for its shape and dtype",
    ),
    "negative size": (with_header({"a": entry(shape=[-1])}), f"tensor 'a' {SIZES}"),
    "float size": (with_header({"a": entry(shape=[1.0])}), f"tensor 'a' {SIZES}"),
    "true as size": (with_header({"a": entry(shape=[True])}), f"tensor 'a' {SIZES}"),
    "null as size": (with_header({"a": entry(shape=[None])}), f"tensor 'a' {SIZES}"),
    "shape is a number": (with_header({"a": {**entry(), "shape": 1}}), f"tensor 'a' {SIZES}"),
    "nine dimensions": (with_header({"a": entry(shape=[1] * 9)}), f"tensor 'a' {SIZES}"),
    "negative offsets": (with_header({"a": entry(offsets=[-4, 0])}), f"tensor 'a' {OFFSETS}"),
    "float offsets": (with_header({"a": entry(offsets=[0.0, 4.0])}), f"tensor 'a' {OFFSETS}"),
    "offsets reversed": (with_header({"a": entry(offsets=[4, 0])}), f"tensor 'a' {OFFSETS}"),
    "offsets beyond the file": (
        with_header({"a": entry(shape=[2], offsets=[0, 8])}),
        f"tensor 'a' {OFFSETS}",
    ),
    "three offsets": (with_header({"a": entry(offsets=[0, 2, 4])}), f"tensor 'a' {OFFSETS}"),
    "overlap": (
        with_header({"a": entry(), "b": entry(offsets=[2, 6])}, b"\0" * 6),
        "tensor 'b' must begin at byte 4 of the data; got 2",
    ),
    "same bytes twice": (
        with_header({"a": entry(), "b": entry()}),
        "tensor 'b' must begin at byte 4 of the data; got 0, which overlaps another",
    ),
    "hole": (
        with_header({"a": entry(), "b": entry(offsets=[5, 9])}, b"\0" * 9),
        "tensor 'b' must begin at byte 4 of the data; got 5, which leaves a hole",
    ),
    "hole at the start": (
        with_header({"a": entry(offsets=[1, 5])}, b"\0" * 5),
        "tensor 'a' must begin at byte 0 of the data; got 1",
    ),
    "bytes of no tensor": (
        with_header({"a": entry()}, b"\0" * 5),
        "its tensors must take the 5 bytes after the header; they take 4",
    ),
    "no tensors but data": (
        with_header({}, b"\0"),
        "its tensors must take the 1 bytes after the header; they take 0",
    ),
    "unknown dtype": (
        with_header({"a": entry(dtype="F128")}),
        "tensor 'a' must have a dtype among I64, .*; got 'F128'",
    ),
    "dtype of another format": (
        with_header({"a": entry(dtype="BOOL", offsets=[0, 1])}, b"\1"),
        "tensor 'a' must have a dtype among",
    ),
    "dtype is a list": (with_header({"a": entry(dtype=["F32"])}), "tensor 'a' must have a dtype among"),
    "entry is a list": (with_header({"a": [1, 2]}), "tensor 'a' must have dtype, shape and data_offsets"),
    "entry has more": (
        with_header({"a": {**entry(), "x": 1}}),
        "tensor 'a' must have dtype, shape and data_offsets",
    ),
    "entry has less": (
        with_header({"a": {"dtype": "F32", "shape": [1]}}),
        "tensor 'a' must have dtype, shape and data_offsets",
    ),
    "header is a list": (
        joined("[" + " " * 90 + "]", {}, b""),
        "its header must begin with the name of the format",
    ),
    "header of no bytes": (joined("", {}, b""), "its header must begin with the name of the format"),
    "byte order mark in the header": (
        joined("\ufeff{}", {}, b""),
        "its header must begin with the name of the format",
    ),
    "space before the header": (joined(" {}", {}, b""), "its header must begin with the name of the format"),
    "not ASCII": (raw_header('},"é":' + A[4:] + "}"), "its header must be ASCII; got byte 0xc3"),
    "invalid UTF-8": (
        raw_header("}," + A + "}").replace(b'"a"', b'"\xff"'),
        "its header must be ASCII; got byte 0xff",
    ),
    "control character": (
        raw_header("}," + A + "}").replace(b'"a"', b'"\n"'),
        "its header must be JSON; Invalid control character",
    ),
    "text after the header": (raw_header("}," + A + "}{}"), "its header must be JSON; Extra data"),
    "comma at the end": (raw_header("}," + A + ",}"), "its header must be JSON"),
    "half a character as a name": (
        raw_header('},"\\ud800":' + A[4:] + "}").replace(b'"F32"', b'"F99"'),
        r"tensor '\\ud800' must have a dtype",
    ),
    "version 0": (
        resigned(raw_header("}," + A + "}").replace(rb"version\":1", rb"version\":0")),
        "its version must be a whole number from 1",
    ),
    "version 01": (
        joined(raw_header("}," + A + "}")[8:-4].replace(rb"version\":1", rb"version\":01"), {}, b""),
        "whole number from 1; got 01",
    ),
    "digest in capitals": (
        DIGEST.sub(b"A" * 64, raw_header("}," + A + "}")),
        "64 lower-case hexadecimal digits",
    ),
    "65 digits": (
        joined(raw_header("}," + A + "}")[8:-4].replace(rb"\",\"n", rb"0\",\"n"), {}, b"\0" * 4),
        "64 lower-case hexadecimal digits",
    ),
}


LONGEST = container.MAX_HEADER - 300
LONG = {
    "quotes": '"' * LONGEST,
    "closing brackets": "]" * LONGEST,
    "objects": '[{"a":0}' + ',{"a":0}' * 120_000 + "]",
    "different keys": "[" + ",".join(f'{{"k{i}":[]}}' for i in range(80_000)) + "]",
    "digits": "1." + "1" * LONGEST,
    "escapes": '"' + "\\ud83d\\ude00" * (LONGEST // 12) + '"',
}


def refused_within_bounds(data, message):
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=message) as caught:
            loads(data)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 400
    assert peak <= (64 << 20) + 2 * len(data)


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_the_header(name):
    data, message = ATTACKS[name]
    refused_within_bounds(data() if callable(data) else data, message)


@pytest.mark.parametrize("name", LONG)
def test_headers_as_long_as_they_may_be(name):
    refused_within_bounds(raw_header('},"a":' + LONG[name] + "}"), "not a usable model file")


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1])
def test_length_of_the_header(small, length):
    with pytest.raises(ModelFileError, match="its header must"):
        loads(length.to_bytes(8, "little") + small[8:])


def test_a_long_header_is_refused_before_it_is_read():
    with pytest.raises(ModelFileError, match="its header must take at most 4194304 bytes; got 4194305"):
        loads((container.MAX_HEADER + 1).to_bytes(8, "little") + bytes(container.MAX_HEADER + 1))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"[[[[[[[[[[[[[[[[[[[[[["}',
        r'{"a":"\"[[[[[[[[[[[[[[[[[[[[[\\"}',
        '{"a":' + "[" * 15 + "]" * 15 + "}",
    ],
)
def test_depth_is_that_of_brackets_outside_strings(text):
    assert parse_json(text, "it") == json.loads(text)


def test_a_file_cut_off_while_it_is_read(small, tmp_path):
    path = tmp_path / "model.palate"
    path.write_bytes(small[:-10])
    with (
        pytest.raises(Damage, match="it ended while it was being read"),
        open(path, "rb", buffering=0) as stream,
    ):
        container.decode(stream, len(small))


def test_loading_uses_no_pickle_and_runs_nothing(tmp_path, small):
    (tmp_path / "model.palate").write_bytes(small)
    probe = (
        "import sys, numpy, polars; from palate.model.file.loading import load_model; "
        "load_model(sys.argv[1]); seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event in ('pickle.find_class', "
        "'marshal.loads', 'exec', 'compile') else None)\n"
        "load_model(sys.argv[1]); print(seen)"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe, tmp_path / "model.palate"], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_random_damage():
    """The fuzzer's own run, shortened; `python tests/fuzz_model_file.py` runs as long as asked."""
    from fuzz_model_file import run

    report = run(n_cases=cases(3000, 2_000_000), seed=0)
    assert report.findings == []
    assert report.n_cases > report.n_intact
