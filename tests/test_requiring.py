"""A library that is not installed is named with its extra."""

import subprocess
import sys

import pytest

from palate._requiring import require


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("sklearn", "scikit-learn", "sklearn"), ("mlflow", "MLflow", "mlflow"), ("optuna", "Optuna", "tune")],
)
def test_a_missing_library_is_named_with_its_extra(module, library, extra):
    use = {
        "sklearn": "palate.sklearn",
        "mlflow": "palate.mlflow.load_model('x')",
        "optuna": "palate.optuna.PruningCallback(None)",
    }[module]
    code = (
        f"import sys; sys.modules[{module!r}] = None\nimport palate\ntry:\n    {use}\nexcept "
        f"ImportError as error:\n    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == (
        f"palate.{module} needs {library}, which is not installed. Install it with pip install "
        f'"palate[{extra}]".\n'
    )


def test_what_the_library_itself_misses_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "halfway_there.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        require("halfway_there", "Halfway", "half", "this")
