"""The library's messages as someone at a terminal should read them: options instead of arguments,
one line.
"""

import ast
import re
import shlex
from collections.abc import Mapping

# Arguments of the library that are options of a command under the same name.
_OPTIONS = (
    "by",
    "candidates",
    "counts",
    "decimal",
    "exclude_items",
    "duplicates",
    "encoding",
    "explore",
    "form",
    "format",
    "half_life",
    "item",
    "items",
    "items_genres",
    "items_id",
    "items_title",
    "items_year",
    "likelihood",
    "link",
    "min_ratings",
    "missing",
    "missing_features",
    "n_factors",
    "noise",
    "rating",
    "relevant_from",
    "scale",
    "separator",
    "solver",
    "sweeps",
    "test",
    "time",
    "timestamp",
    "timestamp_format",
    "title",
    "train",
    "unknown",
    "user",
    "validation",
    "weight",
    "where",
)
_ARGUMENT = re.compile(
    rf"\b({'|'.join(_OPTIONS)})=(\.(?!\w)|(?=\s|$)|())"
)  # the third group: a value follows
_PHRASES = {
    "header=False": "--no-header",
    "header=True": "--header",
    "quote=False": "--no-quotes",
    "quote=True": "--quotes",
    "skip_empty=True": "--skip-empty",
    "user=, item=, rating= and timestamp=": "--user, --item, --rating and --timestamp",
    "clip must be False for scores that have no rating scale; got True": (
        "--clip needs a model with a rating scale"
    ),
    "must be False for scores that have no rating scale; got True": "needs a model with a rating scale",
    "must be None for a model without draws of a posterior; got 'thompson'": (
        "needs a model with draws of a posterior"
    ),
    "must be 'thompson' or None": "must be 'thompson'",
    "Pass scale= to Ratings.": "Pass --scale LOWEST HIGHEST.",
    "LeastSquares.for_counts()": "--counts everywhere",
    "in memory_limit,": "in --memory-limit,",
    "raise memory_limit": "raise --memory-limit",
    "overwrite=True": "--overwrite",
    "counts=True": "--counts one-plus",
    "exclude_seen=False": "--include-seen",
    "exclude_seen=True": "excluding what was seen",
    "scale=(lowest, highest)": "--scale LOWEST HIGHEST",
    "saved with ratings=False": "saved without its ratings (--no-ratings)",
    "ratings=False": "--no-ratings",
    "validation=Ratings held out by yourself": "another model",
    "Lower validation.": "Lower --validation.",
    "a share in [0, 1) or Ratings": "a share in [0, 1)",
    "palate.read(...)": "palate train",
    "palate.union(model, ratings)": "--union",
    "by model.update(ratings)": "by palate update MODEL RATINGS",
    "pass deltalake.DeltaTable(FOLDER) to palate.Ratings.from_frame": (
        "pass --sql \"SELECT * FROM delta_scan('FOLDER')\" in its place"
    ),
    "Train with palate.Gibbs": "Train with --trainer gibbs",
    "palate.LeastSquares, or palate.Spectral for": "palate train --trainer least-squares, or --trainer "
    "spectral for",
    "leave out test to": "leave out --test to",
    "as palate.read does with missing=": "as --missing does: --missing ",
    'palate.LeastSquares.for_counts("everywhere")': "--counts everywhere",
    "or declare the scale.": "or declare the scale with --scale.",
}
_FILTERS = re.compile(r"\bwhere=(\{.*\})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def for_command_line(message: str, flags: Mapping[str, str] | None = None) -> str:
    """Return a message of the library with its arguments as options.

    Parameters
    ----------
    message : str
    flags : mapping of str to str, optional
        Argument to option where a command calls it something else.

    >>> for_command_line("Did you mean user='userId'? Pass duplicates='last'.")
    "Did you mean --user 'userId'? Pass --duplicates 'last'."
    """
    message = _FILTERS.sub(lambda found: filters(found[1]), message)
    for phrase, words in _PHRASES.items():
        message = message.replace(phrase, words)
    names = flags or {}

    def option(found: re.Match[str]) -> str:
        name = names.get(found[1]) or "--" + found[1].replace("_", "-")
        return name + (" " if found[3] is not None else found[2])

    return _ARGUMENT.sub(option, message)


def filters(mapping: str) -> str:
    """Return the filters of a condition, written as Python writes a mapping, as the options that set them.

    >>> filters("{'genres': ['Drama', 'War'], 'year': (1980, None)}")
    "--genres 'Drama|War' --year 1980-"
    """
    try:
        found = ast.literal_eval(mapping)
    except (ValueError, SyntaxError):  # a text of SQL is among them
        return "--where and the other filters together"
    written = []
    for name, value in found.items():
        if isinstance(value, tuple):
            low, high = ("" if end is None else str(end) for end in value)
            written.append(f"--{name} {low}" if low == high else f"--{name} {low}-{high}")
        else:
            written.append(f"--{name} '{'|'.join(map(str, value)) if isinstance(value, list) else value}'")
    return " ".join(written)


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, which could write over the terminal.

    >>> one_line("unknown id 'A  B '.\\n  See --help.")
    "unknown id 'A  B '. See --help."
    """
    return printable(re.sub(r"[^\S\n]*\n\s*", " ", text.strip()))


def to_paste(command: str, *words: object) -> str:
    """Return a command of palate that works as it is in a shell.

    >>> to_paste("recommend", "my model.palate", -5), to_paste("rated", "m.palate", "it's")
    ("palate recommend 'my model.palate' -- -5", 'palate rated m.palate \\'it\\'"\\'"\\'s\\'')
    """
    texts = [str(word) for word in words]
    dash = next((place for place, text in enumerate(texts) if text.startswith("-")), len(texts))
    return " ".join(
        [
            "palate",
            command,
            *map(shlex.quote, [*texts[:dash], *(["--"] if dash < len(texts) else []), *texts[dash:]]),
        ]
    )


def printable(text: str) -> str:
    """Return a text with control characters made visible.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\n", " ").replace("\t", " "))
