"""`palate datasets`: names, and one line for every failure."""

import json


def test_list(palate):
    told = json.loads(palate("datasets", "list", "--json").out)
    assert {"ml-25m", "goodbooks-10k", "taste-profile"} <= {one["name"] for one in told}
    assert all(one["urls"] and one["licence"] for one in told)


def test_offline_and_unknown(palate, monkeypatch, tmp_path):
    monkeypatch.setenv("PALATE_DATA", str(tmp_path))
    monkeypatch.setenv("PALATE_MIRROR", "http://127.0.0.1:9")
    failed = palate("datasets", "fetch", "ml-1m")
    assert failed.err.startswith("palate: error: 127.0.0.1:9 could not be reached (")
    assert failed.err.count("\n") == 1
    assert palate("datasets", "path", "ml-1m").err.endswith(
        "ml-1m must be downloaded first: palate datasets fetch ml-1m.\n"
    )
    assert "Did you mean 'ml-1m'?" in palate("datasets", "fetch", "ml-1").err


def test_path(palate, monkeypatch, tmp_path):
    monkeypatch.setenv("PALATE_DATA", str(tmp_path))
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ml-1m.zip").touch()
    assert palate("datasets", "path", "ml-1m").out.replace("\n", "") == str(tmp_path / "ml-1m" / "ml-1m.zip")
    assert json.loads(palate("datasets", "fetch", "ml-1m", "--json").out)["name"] == "ml-1m"
