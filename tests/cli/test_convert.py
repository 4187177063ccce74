"""`palate convert`: Keras files in and out."""

import numpy as np
import pytest

import palate as library

pytest.importorskip("h5py")


@pytest.fixture
def saved(folder, tmp_path):
    data = library.read(folder / "ratings.csv")
    path = tmp_path / "model.palate"
    library.LeastSquares(n_factors=2, max_sweeps=4).fit(data.ratings, catalog=data.catalog).save(path)
    return path


@pytest.mark.parametrize("kind", ["h5", "keras"])
def test_there_and_back_predictions_are_the_same(palate, folder, saved, tmp_path, kind):
    there, back = tmp_path / f"there.{kind}", tmp_path / "back.palate"
    assert palate("convert", saved, "-o", there).code == 0
    model = library.load(saved)
    mean = str(float(model.global_mean[0]))
    result = palate("convert", there, "-o", back, "--ratings", folder / "ratings.csv", "--mean", mean)
    assert result.code == 0
    assert f"Wrote {back} (" in result.out
    pairs = [1, 2, 3], [1, 2, 3]
    np.testing.assert_allclose(library.load(back).predict(*pairs), model.predict(*pairs), atol=1e-5)


def test_what_cannot_be_converted_is_one_line(palate, saved, tmp_path):
    bad = tmp_path / "bad.h5"
    bad.write_bytes(b"no HDF5")
    for arguments, code, text in (
        ((saved, "-o", tmp_path / "x.palate"), 2, "one of the two must be a Keras file"),
        ((tmp_path / "none.h5", "-o", tmp_path / "x.palate"), 2, "no file"),
        ((bad, "-o", tmp_path / "x.palate"), 2, "give the ratings with --ratings, or the mean with --mean"),
        ((bad, "-o", tmp_path / "x.palate", "--mean", "3"), 1, "bad.h5"),
    ):
        result = palate("convert", *arguments)
        assert result.code == code
        assert text in result.err
        assert "Traceback" not in result.err
        assert not (tmp_path / "x.palate").exists()
    table = tmp_path / "ratings.csv"
    table.write_text("user_id,item_id,rating\n1,1,3\n")
    result = palate("convert", bad, "-o", table, "--mean", "3")
    assert result.code == 2
    assert "ratings.csv is a file of another kind, which would be lost" in result.err
