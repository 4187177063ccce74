"""Keras files made with h5py and zipfile, as Keras 2.2 and Keras 3 write them, and ways to do so badly."""

import io
import json
import zipfile

import numpy as np

N_USERS, N_ITEMS, N_FACTORS = 7, 5, 3
NAMES = ("user_embedding", "movie_embedding", "user_bias", "movie_bias")


def tables(seed=0, biases=True):
    """Return the weights of the four layers, or of the two embeddings."""
    rng = np.random.default_rng(seed)
    sizes = {"user_embedding": (N_USERS, N_FACTORS), "movie_embedding": (N_ITEMS, N_FACTORS)}
    sizes |= {"user_bias": (N_USERS, 1), "movie_bias": (N_ITEMS, 1)} if biases else {}
    return {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}


def layer(kind, name, sources=(), **config):
    """Return the description of a layer as Keras 2.2 has it."""
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def layers_of(weights, l2=(1e-7, 1e-6), l1_bias=1e-4, dropout=0.2):
    """Return the layers of the lesson's model with these weights."""
    penalties = dict(zip(NAMES, [(0, l2[0]), (0, l2[1]), (l1_bias, 1e-7), (l1_bias, 1e-7)], strict=True))
    found = [layer("InputLayer", "user_id"), layer("InputLayer", "movie_id")]
    for name, table in weights.items():
        l1, l2_ = penalties[name]
        regulariser = {"class_name": "L1L2", "config": {"l1": l1, "l2": l2_}}
        source = "user_id" if name.startswith("user") else "movie_id"
        n, k = (int(size) for size in table.shape)
        found.append(
            layer("Embedding", name, [source], input_dim=n, output_dim=k, embeddings_regularizer=regulariser)
        )
    found += [layer("Dropout", f"dropout_{n}", [name], rate=dropout) for n, name in enumerate(NAMES[:2])]
    found.append(layer("Dot", "dot", ["dropout_0", "dropout_1"], axes=2, normalize=False))
    return [*found, layer("Flatten", "flatten", ["dot"])]


def config_of(layers, kind="Model"):
    return json.dumps({"class_name": kind, "config": {"name": "model", "layers": layers}})


def write_h5(path, weights=None, layers=None, config=None, scope="", suffix=":0", change=None):
    """Write the layout of Keras 2.2; `scope` is what a second model in one session adds to the
    names of its variables.
    """
    import h5py

    weights = tables() if weights is None else weights
    layers = layers_of(weights) if layers is None else layers
    with h5py.File(path, "w") as file:
        config = config_of(layers) if config is None else config
        if config:
            file.attrs["model_config"] = config.encode()
        file.attrs["keras_version"] = b"2.2.4-tf"
        group = file.create_group("model_weights")
        names = [entry["name"] for entry in layers]
        group.attrs["layer_names"] = np.array([name.encode() for name in names])
        for name in names:
            inner = group.create_group(name)
            if name in weights:
                inner.create_dataset(f"{name}{scope}/embeddings{suffix}", data=weights[name])
        optimizer = file.create_group("optimizer_weights")
        optimizer.create_dataset("Adam/iterations:0", data=np.int64(3))
        if change is not None:
            change(file, group)
    return path


def write_keras(
    path, weights=None, layers=None, config=None, order=None, change=None, compression=zipfile.ZIP_STORED
):
    """Write the layout of Keras 3; `order` is that of the embeddings in the description."""
    import h5py

    weights = tables() if weights is None else weights
    weights = {name: weights[name] for name in order or weights}
    layers = layers_of(weights) if layers is None else layers
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for number, (name, table) in enumerate(weights.items()):
            group = file.create_group(
                f"layers/embedding_{number}/vars" if number else "layers/embedding/vars"
            )
            group.attrs["name"] = name
            group.create_dataset("0", data=table)
        file.create_dataset("optimizer/vars/0", data=np.int64(3))
        if change is not None:
            change(file, file["layers"])
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", config_of(layers, "Functional") if config is None else config)
        archive.writestr("model.weights.h5", buffer.getvalue())
    return path
