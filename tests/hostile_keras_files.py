"""Keras files that would run code, read other files or fill the memory if they were trusted; and a
process that reads them.

    python tests/hostile_keras_files.py FOLDER

reads every file of a folder and prints, one line of JSON each, what came of it and how much memory that took.
"""

import io
import json
import marshal
import resource
import struct
import sys
import warnings
import zipfile
from base64 import b64encode
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from keras_files import config_of, layer, layers_of, tables, write_h5, write_keras

SHAPE = (10**9, 10**3)  # 10^12 numbers


def lambda_layer(sentinel):
    """Return a layer whose code creates a file, as Keras 2 stores it (a marshalled function) and as
    Keras 3 does.
    """
    code = compile(f"open({str(sentinel)!r}, 'w').close()", "x", "exec")
    payload = b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": payload, "defaults": None, "closure": None}}
    old = layer(
        "Lambda", "out", ["flatten"], function=[payload, None, None], function_type="lambda", module="os"
    )
    return old, layer("Lambda", "out", ["flatten"], function=function)


def instead(name, make):
    """Return a change that puts something else where a layer's table is: `make(group, name)` adds it."""

    def change(file, group):
        del group[name][f"{name}/embeddings:0"]
        make(group[name][name], "embeddings:0")

    return change


def plain(make):
    return instead("user_embedding", make)


def hostile_files(folder, sentinel):
    """Write the files; return what each message must hold, by file name."""
    import h5py

    old, new = lambda_layer(sentinel)
    secret = folder / "secret"
    secret.mkdir()
    write_h5(secret / "other.h5")
    (secret / "raw.bin").write_bytes(bytes(7 * 3 * 4))
    found = {}

    def h5(name, wanted, change=None, **rest):
        write_h5(folder / f"{name}.h5", change=change, **rest)
        found[f"{name}.h5"] = wanted

    def keras(name, wanted, **rest):
        write_keras(folder / f"{name}.keras", **rest)
        found[f"{name}.keras"] = wanted

    layers = layers_of(tables())
    h5("lambda", "Lambda layer, which holds code", config=config_of([*layers, old]))
    keras("lambda", "Lambda layer, which holds code", config=config_of([*layers, new]))
    foreign = {
        **layer("Popen", "flatten_9", ["flatten"], args="touch x"),
        "module": "subprocess",
        "registered_name": "Popen",
    }
    keras("class", "is of class 'Popen'", config=config_of([*layers, foreign]))
    inner = {"class_name": "Functional", "name": "inner", "config": {"layers": [old]}, "inbound_nodes": []}
    keras("nested", "is of class 'Functional'", config=config_of([*layers, inner]))
    ring = [layer("Add", "a", ["b", "flatten"]), layer("Add", "b", ["a"])]
    h5("circle", "feed each other in a circle", config=config_of([*layers, *ring]))
    h5("deep", "nested at most 16 deep", config="[" * 60_000 + "]" * 60_000)
    h5(
        "soft",
        "SoftLink to elsewhere",
        plain(lambda g, n: g.__setitem__(n, h5py.SoftLink("/model_weights/movie_embedding"))),
    )
    other = str(secret / "other.h5")
    h5(
        "external",
        "ExternalLink to elsewhere",
        plain(lambda g, n: g.__setitem__(n, h5py.ExternalLink(other, "model_weights"))),
    )

    def whole(file, group):
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink(other, "model_weights")

    h5("external-group", "ExternalLink to elsewhere", whole)
    raw = [(str(secret / "raw.bin"), 0, 84)]
    h5("raw", "kept in another file", plain(lambda g, n: g.create_dataset(n, (7, 3), "f4", external=raw)))

    def virtual(group, name):
        layout = h5py.VirtualLayout((7, 3), "f4")
        layout[:] = h5py.VirtualSource(
            other, "model_weights/user_embedding/user_embedding/embeddings:0", (7, 3)
        )
        group.create_virtual_dataset(name, layout)

    h5("virtual", "a virtual table over others", plain(virtual))
    h5(
        "bomb-whole",
        "must hold what its shape says; 1000000000 x 1000",
        plain(lambda g, n: g.create_dataset(n, SHAPE, "f4")),
    )
    h5(
        "bomb-chunks",
        "in chunks or compressed",
        plain(lambda g, n: g.create_dataset(n, SHAPE, "f4", chunks=(1000, 1000))),
    )
    zeros = np.zeros((3000, 3000), np.float32)
    h5(
        "bomb-gzip",
        "in chunks or compressed",
        plain(lambda g, n: g.create_dataset(n, data=zeros, compression=9)),
    )
    h5(
        "bomb-wide",
        "must hold floating-point numbers",
        plain(lambda g, n: g.create_dataset(n, (9, 9), ("f8", (10**6,)))),
    )
    h5(
        "vlen",
        "must hold floating-point",
        plain(lambda g, n: g.create_dataset(n, (7, 3), h5py.vlen_dtype(np.float32))),
    )
    h5(
        "compound",
        "must hold floating-point",
        plain(lambda g, n: g.create_dataset(n, (7, 3), [("a", "f4"), ("b", "f8")])),
    )
    h5(
        "references",
        "must hold floating-point",
        plain(lambda g, n: g.create_dataset(n, (7, 3), h5py.ref_dtype)),
    )
    h5("type", "is a Datatype", plain(lambda g, n: g.__setitem__(n, np.dtype("f4"))))
    h5("cycle", "must be nested at most 4 deep", plain(lambda g, n: g.__setitem__(n, g.parent)))
    h5(
        "crowd",
        "must have at most 2000 members",
        lambda f, group: [group.create_group(f"g{k}") for k in range(2100)],
    )
    h5(
        "attribute",
        "attribute 'model_config' must be one text",
        lambda f, g: f.attrs.__setitem__("model_config", np.zeros(99)),
    )
    _cut(h5, folder, found)
    _archives(keras, folder, found)
    return found


def _cut(h5, folder, found):
    """Cut a file short, and let the description claim to be four gigabytes long."""
    h5("cut", "must be a whole HDF5 file")
    path = folder / "cut.h5"
    path.write_bytes(path.read_bytes()[:-900])
    h5("long", "attribute 'model_config' must be a text of at most")
    path, text = folder / "long.h5", config_of(layers_of(tables())).encode()
    data = bytearray(path.read_bytes())
    place = [at for at in range(len(data) - 4) if data[at : at + 4] == struct.pack("<I", len(text))]
    for at in place:
        data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    assert place
    path.write_bytes(data)


def _archives(keras, folder, found):
    keras(
        "bomb-config",
        "config.json must be at most 4194304 bytes",
        config=" " * (80 << 20),
        compression=zipfile.ZIP_DEFLATED,
    )
    keras("packed", "it is compressed or encrypted", compression=zipfile.ZIP_DEFLATED)
    keras("cut", "must be a whole zip archive")
    path = folder / "cut.keras"
    path.write_bytes(path.read_bytes()[:-40])
    keras("twice", "must have one member 'model.weights.h5'; got 2")
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(folder / "twice.keras", "a") as archive:
        archive.writestr("model.weights.h5", b"")  # zipfile itself warns of the name
    with zipfile.ZipFile(folder / "empty.keras", "w") as archive:
        archive.writestr("../../config.json", "{}")
    found["empty.keras"] = "must have one member 'config.json'; got 0"
    keras("flipped", "must be a whole zip archive")
    path = folder / "flipped.keras"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    crowd = io.BytesIO()
    with zipfile.ZipFile(crowd, "w") as archive:
        for number in range(25_000):
            archive.writestr(f"{number}", b"")
    (folder / "crowd.keras").write_bytes(crowd.getvalue())
    found["crowd.keras"] = "its list of members must be at most 1048576 bytes"


def read_all(folder):
    """Print what came of reading each file, and how much the memory grew by then."""
    from palate.model.file.errors import ModelFileError
    from palate.model.keras.read import read_tables

    write_h5(folder / "good.h5")
    write_keras(folder / "good.keras")
    for path in (folder / "good.h5", folder / "good.keras"):
        read_tables(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in sorted(folder.glob("*.*")):
        try:
            read_tables(path)
            message = "read"
        except ModelFileError as error:
            message = str(error)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        sys.stdout.write(json.dumps({"file": path.name, "message": message, "grown": grown}) + "\n")


if __name__ == "__main__":
    read_all(Path(sys.argv[1]))
