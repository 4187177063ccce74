"""Print the oldest version of each dependency that pyproject.toml allows, as constraints for pip.

`python scripts/oldest.py > constraints.txt && pip install . -c constraints.txt`
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOWEST = re.compile(r"(?P<name>[\w-]+)>=(?P<version>[\d.]+)$")


def oldest(extras: tuple[str, ...] = ("plots",)) -> list[str]:
    """Return `name==version` for the dependencies and those of the extras.

    Raises
    ------
    ValueError
        If a requirement has no lower bound: nobody could then say what it was tested with.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [
        *project["dependencies"],
        *(one for extra in extras for one in project["optional-dependencies"][extra]),
    ]
    found = [LOWEST.match(one) for one in requirements]
    if None in found:
        raise ValueError(f"a requirement must be name>=version; got {requirements[found.index(None)]!r}.")
    return [f"{one['name']}=={one['version']}" for one in found if one]


if __name__ == "__main__":
    print("\n".join(oldest()))
