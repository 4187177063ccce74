"""A fit without any penalty is saved, pickled and asked like another; what it cannot know it says
in words.
"""

import pickle

import numpy as np
import pytest

import palate


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(5)
    user, item = np.nonzero(rng.random((60, 40)) < 0.12)
    return palate.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)).astype(float))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_factors", [1, 8, 32])
def test_a_fit_without_penalty_is_kept(ratings, tmp_path, n_factors, seed):
    trainer = palate.LeastSquares(n_factors=n_factors, l2_user=0, l2_item=0, biases=False, max_sweeps=8)
    model = trainer.fit(ratings, validation=0.1, seed=seed)
    assert model.noise_sd is None or np.isfinite(model.noise_sd).all()
    assert model.spread is None or np.isfinite(model.spread)
    model.save(tmp_path / "m.palate")
    user = ratings.users.id(0)
    wanted = model.predict(user, ratings.items.ids()).tolist()
    assert np.isfinite(wanted).all()
    for kept in (palate.load(tmp_path / "m.palate"), pickle.loads(pickle.dumps(model))):
        assert kept.predict(user, ratings.items.ids()).tolist() == wanted
    if model.noise_sd is None:
        with pytest.raises(ValueError, match="without standard errors"):
            model.recommend(user, caution=0.8)
    else:
        assert len(model.recommend(user, caution=0.8)) == 5
