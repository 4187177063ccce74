"""A client of `palate serve` that needs the standard library alone: lists, search, and ratings that
are sent again until they are stored.

`python examples/client.py` starts a service on the ratings that come with palate and asks it;
`python examples/client.py URL [KEY]` asks yours.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode


class Refused(Exception):
    """An answer that is not 2xx: `status`, and the service's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Client:
    """Asks one service. Ratings may be sent again safely: the same one twice is kept once."""

    def __init__(self, address: str, key: str = "", tries: int = 5) -> None:
        self.address, self.key, self.tries = address.rstrip("/"), key, tries

    def recommend(self, user: str, n: int = 10, **options: Any) -> dict[str, Any]:
        """Return the first page of a user's list."""
        return self._ask("GET", f"/v1/users/{quote(user, safe='')}/recommendations", {"n": n, **options})

    def recommend_to(self, ratings: dict[str, float], n: int = 10) -> dict[str, Any]:
        """Return a list for somebody who is known by ratings alone."""
        rows = [{"item": item, "rating": rating} for item, rating in ratings.items()]
        return self._ask("POST", "/v1/recommendations", body={"ratings": rows, "n": n})

    def search(self, text: str, n: int = 10) -> list[dict[str, Any]]:
        """Return items by title."""
        return self._ask("GET", "/v1/items", {"q": text, "n": n})["rows"]

    def rate(self, user: str, item: str, rating: float | None) -> dict[str, Any]:
        """Keep a rating; when this returns it is on disk."""
        path = f"/v1/users/{quote(user, safe='')}/ratings/{quote(item, safe='')}"
        return self._ask("PUT", path, body={"rating": rating})

    def forget(self, user: str) -> dict[str, Any]:
        """Forget a user."""
        return self._ask("DELETE", f"/v1/users/{quote(user, safe='')}")

    def _ask(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        url = self.address + path + (f"?{urlencode(query)}" if query else "")
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self.key}"} if self.key else {}),
        }
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(self.tries):
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(url, data, headers, method=method), timeout=30
                ) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503 or attempt == self.tries - 1:
                    raise Refused(error.code, json.load(error)["error"]["message"]) from None
            except urllib.error.URLError:
                if attempt == self.tries - 1:
                    raise
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("the loop returns or raises")


def show(client: Client) -> None:
    """Search, rate, and look at the list."""
    film = client.search("matrix")[0]
    client.rate("client-example", film["id"], 5)
    answer = client.recommend("client-example", 5)
    print(f"After 5 stars for {film['title']}, by {answer['model_id']} ({answer['source']}):")
    for row in answer["rows"]:
        print(f"  {row['rank']}. {row['item']['title']} ({row['item']['year']})")
    client.forget("client-example")


def main() -> None:
    """Ask the service of the command line, or one of our own."""
    if len(sys.argv) > 1:
        show(Client(*sys.argv[1:3]))
        return
    import palate

    data = palate.datasets.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "films.palate")
        palate.LeastSquares(n_factors=8, max_sweeps=4).fit(data.ratings, catalog=data.catalog).save(path)
        command = [
            sys.executable,
            "-c",
            "import sys; from palate.cli import main; sys.exit(main())",
            "serve",
            str(path),
            "--port",
            "0",
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
            assert service.stderr is not None
            address = next(found[0] for line in service.stderr if (found := re.search(r"http://\S+", line)))
            try:
                show(Client(address))
            finally:
                service.terminate()


if __name__ == "__main__":
    main()
