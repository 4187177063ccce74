"""One Spark session for all tests of palate on Spark; without Java they are skipped."""

import warnings

import pytest

from palate.spark.needs import find_java


@pytest.fixture(scope="session")
def spark():
    """Return a session with two cores and quick shuffles."""
    pytest.importorskip("pyspark")
    if find_java() is None:
        pytest.skip("Spark needs Java, and no java was found")
    from palate.spark import session

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running = session(
            "local[2]",
            spark__ui__enabled="false",
            spark__sql__shuffle__partitions="2",
            spark__sql__execution__arrow__maxRecordsPerBatch="500",
            spark__driver__bindAddress="127.0.0.1",
            spark__driver__host="127.0.0.1",
            spark__sql__adaptive__enabled="false",
            spark__sql__session__timeZone="UTC",
        )
    yield running
    running.stop()
