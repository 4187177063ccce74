"""Names of the columns that frames have when they leave palate."""

USER_ID = "user_id"
ITEM_ID = "item_id"
RATING = "rating"
TIMESTAMP = "timestamp"
WEIGHT = "weight"
RANK = "rank"
PREDICTED_RATING = "predicted_rating"
SCORE = "score"
TITLE = "title"
YEAR = "year"
GENRES = "genres"
KEY = "key"
N_RATINGS = "n_ratings"
MEAN_RATING = "mean_rating"
STD = "std"
LOW = "low"
HIGH = "high"
IN_WORDS = "in_words"

# How columns are called and written in tables for people, in the order of the tables: heading and kind. Kinds
# are "id" and "text" as they are, "count" with thousands, "stars" with two decimals, "error" with four,
# "number" with four digits, and "share", a fraction shown in per cent.
SHOWN: dict[str, tuple[str, str]] = {
    USER_ID: ("user", "id"),
    "similar_to": ("similar to", "id"),
    RANK: ("#", "count"),
    ITEM_ID: ("id", "id"),
    TITLE: ("title", "text"),
    YEAR: ("year", "id"),
    GENRES: ("genres", "text"),
    N_RATINGS: ("ratings", "count"),
    MEAN_RATING: ("mean", "stars"),
    RATING: ("rating", "stars"),
    PREDICTED_RATING: ("predicted", "stars"),
    SCORE: ("score", "number"),
    "std": ("std", "stars"),
    "low": ("low", "stars"),
    "high": ("high", "stars"),
    "in_words": ("in words", "text"),
    "similarity": ("similarity", "stars"),
    "held_out": ("held out", "text"),
    "source": ("list of", "text"),
}
