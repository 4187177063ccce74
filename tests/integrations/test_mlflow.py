"""`palate.mlflow`: what is saved or logged comes back as itself, and answers as `pyfunc`."""

import uuid

import mlflow
import numpy as np
import pandas as pd
import pytest

import palate
import palate.mlflow as flavor

IDS = {
    "int": [1, 2, 3],
    "str": ["al", "bo", "cy"],
    "uuid": [uuid.UUID(int=number) for number in (1, 2, 3)],
    "uint": [2**63 + number for number in (1, 2, 3)],
}


def small(kind="int", trainer=None):
    ids = IDS[kind]
    users = [ids[0], ids[0], ids[1], ids[1], ids[2]]
    ratings = palate.Ratings.from_arrays(users, ["x", "y", "x", "z", "y"], [5, 3, 4, 1, 3], scale=(1, 5))
    return (trainer or palate.LeastSquares(n_factors=2)).fit(ratings, validation=0)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    """A tracking database and a folder of artifacts of this module's own."""
    folder = tmp_path_factory.mktemp("mlflow")
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'runs.db'}")
    mlflow.set_registry_uri(f"sqlite:///{folder / 'runs.db'}")
    mlflow.set_experiment(
        experiment_id=mlflow.create_experiment("test", artifact_location=(folder / "kept").as_uri())
    )
    yield folder
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def test_what_is_logged_comes_back(tracking):
    model = small()
    with mlflow.start_run():
        logged = flavor.log_model(model, "films", registered_model_name="films")
    for address in (logged.model_uri, "models:/films/1"):
        again = flavor.load_model(address)
        assert np.array_equal(again.predict([1, 2], ["z", "y"]), model.predict([1, 2], ["z", "y"]))
    assert mlflow.get_logged_model(logged.model_id).params["n_factors"] == "2"


@pytest.mark.parametrize("kind", IDS)
def test_it_predicts_and_recommends_as_pyfunc(tmp_path, kind):
    model = small(kind)
    flavor.save_model(model, tmp_path / "kept")
    served = mlflow.pyfunc.load_model(str(tmp_path / "kept"))
    ids = IDS[kind] if kind in ("int", "str") else [str(one) for one in IDS[kind]]
    asked = pd.DataFrame({"user_id": ids[:2], "item_id": ["z", "y"]})
    assert np.array_equal(served.predict(asked), model.predict(IDS[kind][:2], ["z", "y"]))
    lists = served.predict(asked[["user_id"]], params={"task": "recommend", "n": 1})
    assert lists["item_id"].tolist() == model.recommend(IDS[kind][:2], 1)["item_id"].to_list()
    assert list(served.metadata.get_input_schema().input_names()) == ["user_id", "item_id"]
    assert len(mlflow.models.Model.load(tmp_path / "kept").load_input_example(str(tmp_path / "kept"))) == 2


def test_parameters_of_a_request(tmp_path):
    model = small()
    flavor.save_model(model, tmp_path / "kept")
    served = mlflow.pyfunc.load_model(str(tmp_path / "kept"))
    new = pd.DataFrame({"user_id": [99], "item_id": ["x"]})
    assert served.predict(new) == model.predict([99], ["x"], unknown="baseline")
    with pytest.raises(KeyError, match="99"):
        served.predict(new, params={"unknown": "raise"})
    popular = served.predict(new, params={"task": "recommend", "unknown": "popular", "n": 2})
    assert popular["source"].tolist() == ["most popular"] * 2
    every = served.predict(
        pd.DataFrame({"user_id": [1]}), params={"task": "recommend", "exclude_seen": False}
    )
    assert sorted(every["item_id"]) == ["x", "y", "z"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_two_heads_are_served(tmp_path):
    model = small(trainer=palate.Recommender())
    flavor.save_model(model, tmp_path / "kept")
    served = mlflow.pyfunc.load_model(str(tmp_path / "kept"))
    assert served.predict(pd.DataFrame({"user_id": [3]}), params={"task": "recommend", "n": 2}).shape[0] == 2
    assert repr(flavor.load_model(tmp_path / "kept")) == repr(model)


def test_requirements_name_this_version(tmp_path):
    flavor.save_model(small(), tmp_path / "one")
    assert f"palate=={palate.__version__}" in (tmp_path / "one" / "requirements.txt").read_text()
    flavor.save_model(small(), tmp_path / "two", pip_requirements=["palate"], metadata={"for": "films"})
    assert "palate\n" in (tmp_path / "two" / "requirements.txt").read_text() + "\n"
    assert mlflow.models.Model.load(tmp_path / "two").metadata == {"for": "films"}


@pytest.mark.parametrize(
    ("table", "params", "message"),
    [
        ({"user": [1]}, {}, "column user_id must be in the input; got the columns user"),
        ({"user_id": [1]}, {}, "column item_id must be in the input"),
        ({"user_id": [1]}, {"task": "rate"}, "task must be 'predict' or 'recommend'; got 'rate'"),
        (
            {"user_id": [1], "item_id": ["x"]},
            {"n": 3},
            "n must be left out where the task is 'predict'; got 3",
        ),
        (
            {"user_id": [1]},
            {"task": "recommend", "clip": True},
            "clip must be left out where the task is 'recommend'; got True",
        ),
        ({"user_id": [1]}, {"k": 3}, "params must be of task, .*; got 'k'"),
    ],
)
def test_a_wrong_request_says_so(table, params, message):
    from palate.integrations.served import Served

    with pytest.raises(ValueError, match=message):
        Served(small()).predict(pd.DataFrame(table), params)
    with pytest.raises(ValueError, match="the input must be a table with the column user_id; got list"):
        Served(small()).predict([[1, 2]])
    assert isinstance(Served(small()).get_raw_model(), palate.FactorModel)


def test_what_is_no_model_and_unknown_arguments_are_refused(tmp_path):
    with pytest.raises(TypeError, match="model must be a model of palate; got int"):
        palate.mlflow.save_model(3, tmp_path / "m")
    with pytest.raises(TypeError, match=r"save_model takes no argument 'rating'. Did you mean ratings="):
        palate.mlflow.save_model(3, tmp_path / "m", rating=False)
    assert not list(tmp_path.iterdir())


def test_a_model_of_another_flavor_is_refused(tmp_path):
    other = mlflow.models.Model()
    other.add_flavor("python_function", loader_module="json", data="x")
    (tmp_path / "other").mkdir()
    other.save(tmp_path / "other" / "MLmodel")
    with pytest.raises(
        ValueError,
        match=r"model_uri must name a model that palate saved; got .* of the flavors python_function",
    ):
        flavor.load_model(tmp_path / "other")
