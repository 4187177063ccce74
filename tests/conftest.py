"""What all tests share: a generator of random numbers of their own, how many cases Hypothesis tries, and
which modules begin first.
"""

import os

import numpy as np
import pytest
from hypothesis import settings

# The modules that take longest, longest first. A worker that met one of them at the end would run alone.
LONGEST = (
    "spark",
    "explorer/test_browser",
    "training/test_gibbs",
    "contracts/test_trainers",
    "service/test_processes",
    "cli/test_demo",
    "test_examples",
    "cli/test_train",
    "cli/test_running",
    "training/test_gibbs_steps",
    "training/test_timing",
    "cli/test_printed_commands",
    "training/test_reproducibility",
    "lesson/test_tutorial",
    "training/test_keras",
    "training/test_unobserved",
    "integrations/test_mlflow",
    "training/test_ends",
    "test_forks",
    "cli/test_awkward_ids",
)

# Kernels compile inside the first example, so no example has a time limit. CI repeats the same
# cases every time; `make soak` sets PALATE_SOAK and looks for new ones.
settings.register_profile("palate", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("soak", deadline=None, max_examples=2000)
settings.load_profile("soak" if "PALATE_SOAK" in os.environ else "palate")


@pytest.fixture
def rng():
    """Return a generator that starts the same way in every test."""
    return np.random.default_rng(20_260_101)


def pytest_collection_modifyitems(items):
    """Put the tests of the longest modules first."""
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(work_of(item.nodeid).removesuffix(".py"), len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole modules, those of Spark as one, in the order of collection."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Modules(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return work_of(nodeid)

    config.option.loadscopereorder = False
    return Modules(config, log)


def work_of(nodeid):
    """Return what one worker does as a whole: a module, or the folder whose modules share a Spark session."""
    path = nodeid.split("::", 1)[0]
    return "tests/spark" if path.startswith("tests/spark/") else path
