"""`python -m palate` is the program `palate`."""

import sys

from palate.cli import main

if __name__ == "__main__":
    sys.exit(main())
