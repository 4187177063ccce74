"""What Spark needs before anything else: PySpark, Java, a table with the right columns."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from palate._checks import ArgumentTypeError
from palate._requiring import require
from palate.data.frames import check_once, missing_column
from palate.data.libraries import library_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


EXTRA = 'Install it with pip install "palate[spark]".'


def pyspark_sql() -> Any:
    """Return the module pyspark.sql, or raise ImportError that says how to install it."""
    return require("pyspark.sql", "PySpark", "spark", "palate.spark")


def find_java() -> str | None:
    """Return the program `java` that Spark would start, or None."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=os.path.join(home, "bin")) if home else shutil.which("java")


def session(master: str = "local[*]", **settings: object) -> Any:
    """Return the running Spark session, or start one on this machine.

    The workers of a new local session run this Python, unless the environment variable
    PYSPARK_PYTHON names another one; Spark by itself starts the first `python3` on PATH, which need
    not have palate.

    Parameters
    ----------
    master : str, default "local[*]"
        Where a new session runs; a running one is returned as it is.
    **settings
        Settings of a new session, with `__` for the dots: `spark__driver__memory="4g"`.

    Returns
    -------
    pyspark.sql.SparkSession

    Raises
    ------
    ImportError
        If PySpark is not installed.
    RuntimeError
        If there is no Java to start Spark with.
    """
    sql = pyspark_sql()
    running = sql.SparkSession.getActiveSession()
    if running is not None:
        return running
    if not master.startswith("sc://") and find_java() is None:
        raise RuntimeError(
            "Spark needs Java 17 or newer, and no java was found; install it (Debian: apt install "
            "openjdk-17-jre-headless), or set JAVA_HOME to where it is."
        )
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = sql.SparkSession.builder
    builder = builder.remote(master) if master.startswith("sc://") else builder.master(master)
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    return builder.getOrCreate()


def quoted(name: str) -> str:
    """Return the name of a column as Spark reads it whatever it holds, such as a dot."""
    return "`" + name.replace("`", "``") + "`"


def require_spark_columns(table: "DataFrame", wanted: dict[str, str], what: str) -> None:
    """Check that a value is a Spark DataFrame with these columns, each once.

    Parameters
    ----------
    table : DataFrame
    wanted : dict
        From the argument that named a column to the column's name.
    what : str
        What to call the table in messages.

    Raises
    ------
    TypeError
        If it is no Spark DataFrame.
    ValueError
        If a column is missing or there twice.
    """
    if library_of(table) != "pyspark" or not hasattr(table, "mapInArrow"):
        advice = "For tables on this machine use the methods of the model."
        raise ArgumentTypeError(what, "be a Spark DataFrame", type(table).__name__, advice)
    for argument, name in wanted.items():
        if name not in table.columns:
            raise ValueError(missing_column(name, argument, table.columns, what))
        check_once(name, table.columns, what)
