"""Write tests/corpus/model-v1.palate anew: `python tests/write_golden_model.py`.

Only before version 1 of the format is released; after that every change of the file is a break of the format.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from model_files import small_model

GOLDEN = Path(__file__).parent / "corpus" / "model-v1.palate"

if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    small_model().save(GOLDEN)
