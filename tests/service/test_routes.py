"""The routes: keys on every one of them, answers, limits, errors in one form."""

import json
import math

import pytest

import served_models

fastapi = pytest.importorskip("fastapi", reason="the service needs FastAPI (pip install 'palate[serve]')")
from starlette.testclient import TestClient  # noqa: E402

from palate.app.core import Core  # noqa: E402
from palate.service.application import application  # noqa: E402
from palate.service.guard import READING_POSTS  # noqa: E402
from palate.service.settings import Settings, SettingsError  # noqa: E402
from palate.store.changes import StoreError  # noqa: E402
from palate.store.memory import MemoryStore  # noqa: E402

READ, WRITE = "r" * 20, "w" * 20
LOCAL = "http://127.0.0.1"


def client_of(core, **settings):
    return TestClient(application(core, Settings(**settings)), base_url=LOCAL, raise_server_exceptions=False)


@pytest.fixture
def core():
    return Core({"a": served_models.point_model(), "b": served_models.two_heads()})


@pytest.fixture
def client(core):
    return client_of(core)


@pytest.fixture(scope="module")
def shared():
    """One service for the tests that change nothing that others look at."""
    return client_of(Core({"a": served_models.point_model(), "b": served_models.two_heads()}))


def every_route(app):
    """Yield (method, template) of every route of an application, those of routers included."""
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        waiting += getattr(inner, "routes", [])
        for method in getattr(route, "methods", None) or ():
            yield method, route.path


def test_every_route_is_walked():
    app = application(Core({"a": served_models.point_model()}))
    found = {path for _, path in every_route(app)}
    assert {"/openapi.json", "/metrics", "/health/live", "/health/ready"} <= found
    documented = {
        (method.upper(), path) for path, about in app.openapi()["paths"].items() for method in about
    }
    assert documented <= set(every_route(app))
    assert len(documented) == 22


def test_keys_on_every_route(caplog):
    core = Core({"a": served_models.point_model()})
    app = application(core, Settings(host="0.0.0.0", read_keys=(READ,), write_keys=(WRITE,)))
    client = TestClient(app, base_url=LOCAL, raise_server_exceptions=False)
    for method, template in set(every_route(app)):
        path = template.replace("{user}", "u1").replace("{item}", "1").replace("{model}", "a")
        statuses = []
        for key in (None, "x" * 20, READ, WRITE):
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            answer = client.request(method, path, headers=headers)
            statuses.append(answer.status_code)
            assert READ not in answer.text
            assert WRITE not in answer.text
        if template in ("/health/live", "/health/ready"):
            assert statuses == [200] * 4, (method, template)
            continue
        reads = method in ("GET", "HEAD") or path in READING_POSTS
        assert statuses[:2] == [401, 401], (method, template)
        assert (statuses[2] == 403) != reads, (method, template)
        assert statuses[3] not in (401, 403, 500), (method, template)
        assert (
            client.request(method, path, headers={"X-API-Key": WRITE}).status_code
            == client.request(method, path, headers={"Authorization": f"Bearer {WRITE}"}).status_code
        )
    assert READ not in caplog.text
    assert WRITE not in caplog.text
    assert READ not in repr(Settings(read_keys=(READ,)))


def test_a_path_that_is_no_route_needs_a_key_too():
    client = client_of(Core({"a": served_models.point_model()}), read_keys=(READ,))
    for path in ("/", "/docs", "/redoc", "/v1/none", "/v1/users/../../etc/passwd", "//health/live"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"X-API-Key": READ}).status_code == 404


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"host": "0.0.0.0"}, "keys must be set to listen on 0.0.0.0"),
        ({"host": "192.168.1.5"}, "keys must be set"),
        ({"read_keys": ("short",)}, "at least 16 characters"),
        ({"read_keys": ("key with blanks in it",)}, "printable ASCII"),
        ({"read_keys": (READ,), "write_keys": (READ,)}, "one for both"),
    ],
)
def test_unsafe_settings_are_refused(how, message):
    with pytest.raises(SettingsError, match=message):
        Settings(**how)


def test_without_keys_web_pages_elsewhere_cannot_ask(shared):
    assert shared.get("/v1/models").status_code == 200
    assert shared.get("/v1/models", headers={"Host": "evil.example"}).status_code == 400
    assert shared.get("/v1/models", headers={"Origin": "https://evil.example"}).status_code == 403
    assert shared.get("/v1/models", headers={"Origin": "http://localhost:3000"}).status_code == 200


def test_origins_may_be_allowed():
    client = client_of(
        Core({"a": served_models.point_model()}), origins=("https://shop.example",), read_keys=(READ,)
    )
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    assert (
        client.options("/v1/models", headers=asked).headers["access-control-allow-origin"]
        == "https://shop.example"
    )
    answer = client.get("/v1/models", headers={"Origin": "https://shop.example", "X-API-Key": READ})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    other = client.get("/v1/models", headers={"Origin": "https://other.example", "X-API-Key": READ})
    assert "access-control-allow-origin" not in other.headers


def test_every_answer_has_the_headers_and_no_page_of_a_cdn(shared):
    for path in ("/v1/models", "/none", "/v1/users/u1/recommendations?n=0", "/metrics", "/openapi.json"):
        headers = shared.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
    assert shared.get("/docs").status_code == shared.get("/redoc").status_code == 404


def test_lists_name_model_version_and_source(client, core):
    stored = client.get("/v1/users/u1/recommendations", params={"n": 5}).json()
    assert [row["item"]["id"] for row in stored["rows"]] == list(core.recommend("u1", n=5).items)
    assert (stored["model_id"], stored["model_version"], stored["source"]) == (
        "a",
        core.models[0].version,
        "stored",
    )
    assert client.get("/v1/users/nobody/recommendations").json()["source"] == "popular fallback"
    body = {
        "ratings": [{"item": "1", "rating": 5}],
        "n": 3,
        "explain": ["uncertainty", "why"],
        "genre": ["Comedy"],
        "year_from": 1975,
    }
    session = client.post("/v1/recommendations", json=body).json()
    assert (session["source"], len(session["rows"])) == ("fold-in", 3)
    assert all(
        row["low"] < row["high"]
        and row["why"]
        and "Comedy" in row["item"]["genres"]
        and row["item"]["year"] >= 1975
        for row in session["rows"]
    )
    assert client.get("/v1/users/u1/recommendations", params={"model": "b"}).json()["model_id"] == "b"


def test_ratings_are_kept_changed_and_taken_back(client):
    put = client.put("/v1/users/dee/ratings/1", json={"rating": 4.5})
    assert (put.status_code, put.json()["n"]) == (200, 1)
    assert client.put("/v1/users/dee/ratings/1", json={"rating": 4.5}).status_code == 200
    client.put("/v1/users/dee/ratings/2", json={"rating": None})
    rows = client.get("/v1/users/dee/ratings").json()["rows"]
    assert [(row["item"]["id"], row["rating"], row["state"]) for row in rows] == [
        ("2", None, "seen"),
        ("1", 4.5, "rated"),
    ]
    listed = client.get("/v1/users/dee/recommendations", params={"n": 40, "exclude_seen": False}).json()
    assert listed["source"] == "fold-in"
    assert not {"1", "2"} & {row["item"]["id"] for row in listed["rows"]}
    assert client.delete("/v1/users/dee/ratings/1").status_code == 200
    assert client.get("/v1/users/dee").json()["n_live_ratings"] == 1
    gone = client.delete("/v1/users/dee").json()
    assert gone["n_deleted"] == 2
    assert "backups" in gone["remains"]
    assert client.get("/v1/users/dee").status_code == 404


def test_a_batch_is_kept_whole_or_not_at_all(client, core):
    rows = [{"user": f"n{place}", "item": str(place % 40), "rating": 3.0} for place in range(1000)]
    assert client.post("/v1/ratings:batch", json={"ratings": rows}).json()["n"] == 1000
    assert core.store.n_ratings == 1000
    wrong = [*rows[:3], {"user": "x", "item": "none", "rating": 3}, {"user": "x", "item": "1", "rating": 99}]
    answer = client.post("/v1/ratings:batch", json={"ratings": wrong})
    assert answer.status_code == 422
    assert [row["row"] for row in answer.json()["error"]["rows"]] == [3, 4]
    assert answer.json()["error"]["message"].endswith("So is 1 more.")
    assert core.store.n_ratings == 1000
    assert client.post("/v1/ratings:batch", json={"ratings": [*rows, rows[0]]}).status_code == 422


def test_a_cursor_goes_on_and_a_changed_list_begins_anew(client, core):
    whole = [
        row["item"]["id"]
        for row in client.get("/v1/users/u1/recommendations", params={"n": 9}).json()["rows"]
    ]
    first = client.get("/v1/users/u1/recommendations", params={"n": 3}).json()
    second = client.get("/v1/users/u1/recommendations", params={"n": 3, "cursor": first["cursor"]}).json()
    third = client.get("/v1/users/u1/recommendations", params={"n": 3, "cursor": second["cursor"]}).json()
    assert [row["item"]["id"] for page in (first, second, third) for row in page["rows"]] == whole
    core.add("a", served_models.point_model(1), make_active=True)  # a swap
    answer = client.get("/v1/users/u1/recommendations", params={"n": 3, "cursor": first["cursor"]})
    assert (answer.status_code, answer.json()["fresh"]) == (409, True)
    assert [row["rank"] for row in answer.json()["rows"]] == [1, 2, 3]
    again = answer.json()
    client.put("/v1/users/u1/ratings/" + again["rows"][0]["item"]["id"], json={"rating": 5})
    assert (
        client.get("/v1/users/u1/recommendations", params={"n": 3, "cursor": again["cursor"]}).status_code
        == 409
    )
    for cursor in ("x", "", first["cursor"][:-2] + "AA", "é"):
        assert client.get("/v1/users/u1/recommendations", params={"cursor": cursor}).status_code in (200, 422)
    forged = first["cursor"][:5] + ("A" if first["cursor"][5] != "A" else "B") + first["cursor"][6:]
    assert client.get("/v1/users/u1/recommendations", params={"cursor": forged}).status_code == 422


def test_items_search_similar_explain_compare(client, core):
    assert client.get("/v1/items", params={"q": "amelie"}).json()["rows"][0]["title"] == "Amélie"
    assert client.get("/v1/items/1").json()["item"]["title"] == "<script>alert(1)</script>"
    similar = client.get("/v1/items/1/similar", params={"n": 4}).json()
    assert [row["item"]["id"] for row in similar["rows"]] == [one.item.id for one in core.similar("1", 4)]
    why = client.get("/v1/users/u1/explain/1").json()
    assert math.fsum(part["contribution"] for part in why["parts"]) == pytest.approx(why["score"], abs=1e-4)
    found = client.get("/v1/compare", params={"user": "u1", "models": "a,b"}).json()
    assert (found["first"]["model_id"], found["second"]["model_id"]) == ("a", "b")
    assert client.get("/v1/compare", params={"user": "u1", "models": "a"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/v1/users/u1/recommendations?n=0", None, 422, "n must be"),
        ("GET", "/v1/users/u1/recommendations?n=201", None, 422, "n must be"),
        ("GET", "/v1/users/u1/recommendations?caution=nan", None, 422, "caution"),
        ("GET", "/v1/users/u1/recommendations?diversity=1.5", None, 422, "diversity"),
        (
            "GET",
            "/v1/users/u1/recommendations?genres=Comedy",
            None,
            422,
            "'genres' is unknown here",
        ),
        ("GET", "/v1/users/u1/recommendations?n=ten", None, 422, "got 'ten'"),
        ("GET", "/v1/items?q=Film&N=3", None, 422, "'N' is unknown here"),
        ("GET", "/v1/users/u1?all=1", None, 422, "'all' is unknown here"),
        ("PUT", "/v1/users/u1/ratings/1?at=3", '{"rating": 5}', 422, "'at' is unknown here"),
        (
            "PUT",
            "/v1/users/u1/ratings/1",
            '{"rating": "5"}',
            422,
            "rating must be a number; got '5'",
        ),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": true}', 422, "rating must be a number"),
        (
            "POST",
            "/v1/recommendations",
            '{"ratings": [{"item": "1", "rating": 3}], "n": true}',
            422,
            "n must be a whole number",
        ),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": 5, "at": 3}', 422, "'at' is unknown here"),
        ("GET", "/v1/users/u1/recommendations?explain=all", None, 422, "explain must be"),
        ("GET", "/v1/users/u1/explain/1?by=best", None, 422, "'stars' or 'chosen'"),
        ("GET", "/v1/users/u1/explain/1?by=chosen", None, 422, "by is for a model of two heads"),
        ("GET", "/v1/users/u1/recommendations?genre=Nothing", None, 422, "genre must be"),
        (
            "GET",
            "/v1/users/u1/recommendations?year_from=1990&year_to=1980",
            None,
            422,
            "at most year_to; got 1990 and",
        ),
        ("GET", "/v1/users/u1/recommendations?year_from=99999999999", None, 422, "year_from must be a year"),
        ("GET", "/v1/items?q=" + "x" * 257, None, 422, "q must have at most 256 characters"),
        ("GET", "/v1/users/u1/recommendations/", None, 404, "there is no route"),
        ("POST", "/v1/recommendations", '{"ratings": null}', 422, "ratings must be a list; got null."),
        ("POST", "/v1/recommendations", "[" * 100_000, 400, "the body must be JSON"),
        (
            "POST",
            "/v1/recommendations",
            '{"ratings": [], "year_from": 2000, "year_to": 1990}',
            422,
            "year_from must be at most year_to; got 2000 and 1990.",
        ),
        ("GET", "/v1/users/u1/recommendations?model=c", None, 404, "there is no model 'c'"),
        ("GET", "/v1/users/" + "x" * 257, None, 422, "1 to 256 bytes"),
        ("GET", "/v1/users/nobody", None, 404, "'nobody' is unknown"),
        ("GET", "/v1/items/none", None, 404, "item 'none' is unknown"),
        ("GET", "/v1/users/%ff", None, 400, "UTF-8"),
        ("GET", "/v1/users/a%00b", None, 400, "zero bytes"),
        ("PUT", "/v1/users/u1/ratings/none", '{"rating": 3}', 404, "'none' is unknown"),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": 9}', 422, "within the scale 0.5 to 5; got 9"),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": NaN}', 422, "finite"),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": 1e999}', 422, "finite"),
        ("PUT", "/v1/users/u1/ratings/1", '{"rating": "x"}', 422, "rating"),
        ("PUT", "/v1/users/u1/ratings/1", "{}", 422, "rating"),
        ("PUT", "/v1/users/u1/ratings/1", "not json", 422, "JSON"),
        ("PUT", "/v1/users/u1/ratings/1", "", 422, "required"),
        (
            "POST",
            "/v1/recommendations",
            '{"ratings": [{"item": "1", "rating": 3}], "n": 500}',
            422,
            "n must be 1 to 200",
        ),
        (
            "POST",
            "/v1/recommendations",
            '{"ratings": [{"item": "1", "rating": 3}, {"item": "1", "rating": 4}]}',
            422,
            "ratings must not repeat an item; got item '1' twice.",
        ),
        (
            "POST",
            "/v1/recommendations",
            '{"ratings": [{"item": "none", "rating": 3}]}',
            404,
            "'none' is unknown",
        ),
        ("POST", "/v1/models/c:activate", None, 404, "there is no model 'c'"),
        ("DELETE", "/v1/models", None, 405, "DELETE is not a method of /v1/models; /openapi.json lists"),
        ("GET", "/v1/nothing", None, 404, "there is no route /v1/nothing; /openapi.json lists all routes."),
    ],
)
def test_bad_input_is_said_in_one_form(shared, method, path, body, status, said):
    answer = shared.request(method, path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "odd",
    [
        "a/b",
        "../x",
        "%2e%2e",
        "a:b",
        "🎬",
        "שלום",
        "<b>",
        "x y",
        "?",
        "#",
        "a%2Fb",
        ";",
        "\u0301",
        "con",
        "x" * 256,
    ],
)
def test_odd_ids_are_one_part_of_a_path(shared, odd):
    from urllib.parse import quote

    path = f"/v1/users/{quote(odd, safe='')}"
    assert shared.put(f"{path}/ratings/1", json={"rating": 4}).status_code == 200
    found = shared.get(path)
    assert (found.status_code, found.json()["id"]) == (200, odd)


def test_bodies_are_limited_with_and_without_a_length(shared):
    large = b'{"ratings": [' + b" " * (1 << 20) + b"]}"
    headers = {"content-type": "application/json"}
    assert shared.post("/v1/ratings:batch", content=large, headers=headers).status_code == 413
    parts = (b" " * 65536 for _ in range(40))
    assert shared.post("/v1/ratings:batch", content=parts, headers=headers).status_code == 413
    assert shared.post("/v1/ratings:batch", content=b"[" * 100_000, headers=headers).status_code in (400, 422)
    assert (
        shared.post("/v1/ratings:batch", content=b"{}", headers={"content-length": "-1"}).status_code == 413
    )


def test_health_and_metrics(client):
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    client.get("/v1/users/u1/recommendations")
    client.get("/v1/items/none")
    text = client.get("/metrics").text
    assert (
        'palate_requests_total{method="GET",route="/v1/users/{user}/recommendations",status="200"} 1' in text
    )
    assert 'palate_requests_total{method="GET",route="/v1/items/{item}",status="404"} 1' in text
    assert 'palate_model_info{model="a"' in text
    assert "palate_resident_bytes" in text


@pytest.mark.parametrize("path", ["/health/ready", "/v1/users/u1/recommendations", "/v1/none", "/v1/map"])
def test_head_is_answered_as_get_without_a_body(client, path):
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert 'palate_requests_total{method="HEAD"' in client.get("/metrics").text


def test_head_is_no_way_around_a_key():
    client = client_of(Core({"a": served_models.point_model()}), read_keys=(READ,), write_keys=(WRITE,))
    assert client.head("/v1/models").status_code == 401
    assert client.head("/v1/models", headers={"X-API-Key": READ}).status_code == 200
    assert client.head("/health/ready").status_code == 200


def test_a_store_that_cannot_write_is_503_and_reading_goes_on():
    class Full(MemoryStore):
        def write(self, changes):
            raise StoreError("the store cannot be written: the disk is full.")

        def problem(self):
            return "the disk is full"

    client = client_of(Core({"a": served_models.point_model()}, store=Full()))
    answer = client.put("/v1/users/u1/ratings/1", json={"rating": 4})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store")
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    assert client.get("/v1/users/u1/recommendations").status_code == 200


def test_what_should_not_be_is_500_in_the_same_form_and_logged(caplog):
    class Odd(MemoryStore):
        def write(self, changes):
            raise RuntimeError("secret detail")

    client = client_of(Core({"a": served_models.point_model()}, store=Odd()))
    answer = client.put("/v1/users/u1/ratings/1", json={"rating": 4})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


def test_activation_of_a_broken_file_is_409_and_the_old_version_stays(tmp_path):
    path = served_models.saved(tmp_path / "films.palate")
    client = client_of(Core.open([path]))
    before = client.get("/v1/users/u1/recommendations").json()["model_version"]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    answer = client.post("/v1/models/films:activate")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_activated")
    assert client.get("/v1/users/u1/recommendations").json()["model_version"] == before
    assert client.get("/v1/models").json()["last_failure"] is not None
    served_models.saved(path, seed=1)
    assert client.post("/v1/models/films:activate").status_code == 200
    assert client.get("/v1/users/u1/recommendations").json()["model_version"] != before


def test_the_service_imports_no_explorer():
    import subprocess
    import sys

    code = (
        "import sys, palate.service.serving, palate.service.application, palate.cli.serve; "
        "sys.exit('nicegui' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_a_missing_fastapi_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fastapi", None)
    with pytest.raises(ImportError, match=r'pip install "palate\[serve\]"'):
        application(Core({"a": served_models.point_model()}))


def test_answers_hold_no_number_that_json_has_not(shared):
    for path in (
        "/v1/users/u1/recommendations?explain=why,uncertainty",
        "/v1/items?q=film",
        "/v1/users/u1/ratings",
    ):
        json.loads(shared.get(path).text, parse_constant=lambda name: pytest.fail(name))


def test_more_requests_than_a_key_may_send_are_429():
    client = client_of(Core({"a": served_models.point_model()}), read_keys=(READ, "q" * 20), rate_limit=2e-3)
    assert client.get("/v1/models", headers={"X-API-Key": READ}).status_code == 200
    again = client.get("/v1/models", headers={"X-API-Key": READ})
    assert (again.status_code, again.json()["error"]["code"]) == (429, "rate")
    assert 400 < int(again.headers["retry-after"]) <= 500
    assert client.get("/v1/models", headers={"X-API-Key": "q" * 20}).status_code == 200
    assert client.get("/v1/models", headers={"X-API-Key": "x" * 20}).status_code == 401
    assert client.get("/health/live").status_code == 200


def test_without_keys_all_share_one_limit():
    client = client_of(Core({"a": served_models.point_model()}), rate_limit=1e-3)
    assert [client.get("/v1/models").status_code for _ in range(3)] == [200, 429, 429]
    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_limit_that_cannot_be_is_refused(rate):
    with pytest.raises(SettingsError, match="rate_limit must be above 0"):
        Settings(rate_limit=rate)


def test_the_map_is_the_cores_and_answers_304(shared):
    import numpy as np

    found = shared.get("/v1/map", params={"model": "a"})
    items = shared.get("/v1/map/items", params={"model": "a"}).json()["items"]
    points = np.frombuffer(found.content, "<f4").reshape(-1, 2)
    assert len(points) == len(items)
    assert np.isfinite(points).all()
    assert points.std(axis=0)[0] >= points.std(axis=0)[1] > 0
    asked = {"If-None-Match": found.headers["etag"]}
    again = shared.get("/v1/map", params={"model": "a"}, headers=asked)
    assert (again.status_code, again.content) == (304, b"")
    assert shared.get("/v1/map", params={"model": "b"}, headers=asked).status_code == 200
    assert shared.get("/v1/map", params={"model": "none"}).status_code == 404


def test_diagnostics_tell_of_the_model(shared):
    found = shared.get("/v1/diagnostics").json()
    assert [panel["heading"] for panel in found["panels"]][1:3] == ["The long tail", "Range of predictions"]
    assert found["card"]["Items"] == "40"
    assert all(len(column) for panel in found["panels"] for column in panel["columns"].values())


def test_a_file_of_the_folder_becomes_a_model(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    served_models.saved(folder / "new.palate", seed=1)
    outside = served_models.saved(tmp_path / "outside.palate")
    (folder / "link.palate").symlink_to(outside)
    (folder / "broken.palate").write_bytes(b"nothing")
    client = client_of(Core({"a": served_models.point_model()}), models=folder)
    answer = client.post("/v1/models", json={"file": "new.palate"})
    assert [(one["id"], one["active"]) for one in answer.json()["models"]] == [("a", True), ("new", False)]
    assert client.get("/v1/users/u1/recommendations?model=new").json()["model_id"] == "new"
    client.post("/v1/models", json={"file": "new.palate", "activate": True})
    assert client.get("/v1/users/u1/recommendations").json()["model_id"] == "new"
    for name, status in (
        ("none.palate", 404),
        ("broken.palate", 409),
        ("link.palate", 422),
        ("../outside.palate", 422),
        (str(outside), 422),
        ("..\\outside.palate", 422),
        (".palate", 422),
        ("new.palate\0", 422),
        ("new.txt", 422),
        ("x" * 300 + ".palate", 422),
        ("", 422),
    ):
        assert client.post("/v1/models", json={"file": name}).status_code == status, name
    assert [one["id"] for one in client.get("/v1/models").json()["models"]] == ["a", "new"]


def test_without_a_folder_no_file_is_taken(client):
    answer = client.post("/v1/models", json={"file": "new.palate"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_folder")
    assert "--models FOLDER" in answer.json()["error"]["message"]
    with pytest.raises(SettingsError, match="models must be a folder"):
        Settings(models=__import__("pathlib").Path("/none"))
