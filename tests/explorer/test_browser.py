"""The explorer from end to end in Chromium: one process, one browser, a model of sixty people."""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator

import pytest

import palate
from site_of_films import AWKWARD, Explorer, save_models

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytest.importorskip("nicegui", reason="NiceGUI is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.path.exists(CHROMIUM), reason="Chromium is not installed"),
]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
PAGES = {
    "people": "/",
    "rate": "/rate",
    "recommendations": "/recommendations?user=4&caution=0.5",
    "compare": "/compare?user=4",
    "map": "/map?user=4",
    "item": "/item/7?user=4",
    "diagnostics": "/diagnostics",
}
_MOST = 60_000  # ms: a hang ends the test


@pytest.fixture(scope="module")
def explorer(tmp_path_factory) -> Iterator[Explorer]:
    folder = tmp_path_factory.mktemp("explorer")
    one = Explorer(folder, save_models(folder)).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained about; a test that expects something clears it."""
    return []


@pytest.fixture(scope="module")
def contexts(chromium, explorer):
    """One browser context for each scheme, so that the files of the pages are fetched once."""
    found = {
        scheme: chromium.new_context(base_url=explorer.address, color_scheme=scheme)
        for scheme in ("light", "dark")
    }
    for context in found.values():
        context.set_default_timeout(_MOST)
    return found


@pytest.fixture
def page(contexts, explorer, problems):
    with_problems = new_page(contexts["light"], explorer, problems)
    yield with_problems
    with_problems.close()
    assert problems == []


def new_page(context, explorer, problems):
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: (problems.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on(
        "request",
        lambda request: problems.append(f"foreign {request.url}") if foreign(request.url, explorer) else None,
    )
    return page


def foreign(url: str, explorer: Explorer) -> bool:
    return not url.startswith((explorer.address, explorer.address.replace("http", "ws", 1), "data:", "blob:"))


def open_page(page, path: str) -> None:
    page.goto(path)
    page.locator("h1").wait_for()
    page.wait_for_function("window.socket && window.socket.connected")
    if path == "/" or path.startswith("/diagnostics"):
        page.get_by_text(re.compile("Measured on")).wait_for()


def listed(page) -> list[str]:
    return page.locator("[data-part=list] ol li").evaluate_all("rows => rows.map(row => row.dataset.item)")


def clear(page) -> None:
    """Take back every rating that an earlier test gave."""
    open_page(page, "/rate")
    while page.locator("[data-part=own] li").count():
        n = page.locator("[data-part=own] li").count()
        page.locator("[data-part=own] button").first.click()
        playwright.expect(page.locator("[data-part=own] li")).to_have_count(n - 1)


def give(page, item: str, part: float) -> None:
    """Click into the stars of an item, at this part of their width; search for it by its id first."""
    page.get_by_label("Search by title").fill(item)
    control = page.locator(f"input[data-item='{item}']")
    control.wait_for()
    box = control.bounding_box()
    control.click(position={"x": box["width"] * part, "y": box["height"] / 2})
    page.locator(f"[data-part=own] li[data-item='{item}']").wait_for()


def own(page) -> dict[str, str]:
    return dict(
        page.locator("[data-part=own] li").evaluate_all(
            "rows => rows.map(row => [row.dataset.item, row.querySelector('span').textContent])"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_without_foreign_requests_and_errors_axe_finds_nothing_and_320_pixels_suffice(
    contexts, explorer, problems, name, scheme
):
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(contexts[scheme], explorer, problems)
    open_page(page, PAGES[name])
    assert page.locator("h1").count() == 1
    assert page.title().endswith("palate")
    if name == "people":  # the same for each: axe takes a minute on all of them
        page.evaluate(
            "[...document.querySelectorAll('section.p-person')].slice(3).forEach((one) => one.remove())"
        )
    found = Axe().run(page).response["violations"]
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_function("document.documentElement.scrollWidth === 320")  # charts follow a moment later
    page.close()
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []
    assert problems == []


def test_at_200_percent_zoom_everything_is_reached(page):
    page.set_viewport_size({"width": 640, "height": 400})  # what 1280 by 800 are at 200 %
    open_page(page, "/recommendations?user=4")
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    page.get_by_label("Caution").scroll_into_view_if_needed()
    assert page.get_by_label("Caution").is_visible()


def test_twelve_people_are_shown_with_two_lists_each(page):
    open_page(page, "/")
    assert page.locator("section.p-person").count() == 12
    assert page.get_by_role("heading", name="List A: first").count() == 12
    assert page.get_by_role("heading", name="List B: second").count() == 12
    assert page.get_by_role("heading", name="Lists: nDCG@10").is_visible()
    assert page.get_by_text("decided when to stop").is_visible()
    assert page.get_by_text("its 80 % interval is from 3.6 to 4.8").is_visible()


def test_five_ratings_change_the_list_and_stay_after_a_reload_and_a_kill(page, explorer, problems):
    clear(page)
    before = listed(page)
    for item in ("6", "8", "10", "12", "14"):
        give(page, item, 0.99)
    playwright.expect(page.get_by_text("takes the latest ratings into account")).to_be_visible()
    after = listed(page)
    assert after != before
    assert not {"6", "8", "10", "12", "14"} & set(after)
    open_page(page, "/rate")
    assert own(page) == dict.fromkeys(("14", "12", "10", "8", "6"), "5")
    assert listed(page) == after
    explorer.kill()
    page.locator("#popup").filter(has_text="Connection lost").wait_for(state="visible")  # the banner
    explorer.start()
    page.wait_for_function(
        "document.getElementById('popup').ariaHidden === 'true' && window.socket.connected"
    )  # it recovers
    open_page(page, "/rate")
    assert own(page) == dict.fromkeys(("14", "12", "10", "8", "6"), "5")
    assert listed(page) == after
    problems.clear()  # the browser reports the connection that was refused


def test_undo_takes_back_the_last_rating(page):
    clear(page)
    open_page(page, "/rate")
    before = listed(page)
    undo = page.get_by_role("button", name="Undo")
    assert undo.is_disabled()
    give(page, "9", 0.99)
    give(page, "11", 0.05)
    assert own(page) == {"11": "0.5", "9": "5"}
    undo.click()
    playwright.expect(page.locator("[data-part=own] li")).to_have_count(1)
    undo.click()
    playwright.expect(page.locator("[data-part=own] li")).to_have_count(0)
    assert listed(page) == before
    playwright.expect(undo).to_be_disabled()


@pytest.mark.parametrize(("part", "value"), [(0.05, "0.5"), (0.15, "1"), (0.45, "2.5"), (0.95, "5")])
def test_a_click_into_a_half_star_gives_that_rating(page, part, value):
    clear(page)
    give(page, "9", part)
    assert own(page) == {"9": value}


def test_a_rating_by_keyboard_alone(page):
    clear(page)
    page.keyboard.press("Tab")  # wherever the focus is, the search is reached by name
    page.get_by_label("Search by title").focus()
    page.keyboard.type("Film 09")
    page.locator("input[data-item='9']").wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.item") == "9":
            break
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    page.locator("[data-part=own] li[data-item='9']").wait_for()
    assert own(page) == {"9": "3.5"}
    assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == "3.5 of 5"


def test_seen_without_an_opinion_leaves_the_list(page):
    clear(page)
    first = listed(page)[0]
    page.locator(f"li[data-item='{first}'] button").first.click()
    page.locator(f"[data-part=own] li[data-item='{first}']").wait_for()
    assert own(page) == {first: "seen, no opinion"}
    assert first not in listed(page)


def test_titles_are_shown_as_text(page):
    open_page(page, "/rate")
    for title in AWKWARD:
        page.get_by_label("Search by title").fill(title)
        page.locator("a", has_text=title).first.wait_for()
    open_page(page, "/item/0")
    assert page.locator("h1").inner_text() == f"{AWKWARD[0]} (1960)"
    open_page(page, "/map")
    page.get_by_label("Search by title").fill("script")
    page.locator("[data-part=hits] a").first.wait_for()
    assert page.locator("[data-part=hits] a").first.inner_text() == f"{AWKWARD[0]} (1960)"


def move(page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).evaluate(
        "(el, v) => { el.value = v; el.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_min_ratings_are_kept_and_stand_in_the_address(page):
    open_page(page, "/recommendations?user=1")
    for least in (5, 15, 20):
        move(page, "Ratings of an item", least)
        page.wait_for_url(re.compile(f"min_ratings={least}"))
        counts = [
            int(text)
            for text in re.findall(r"from (\d+) rating", page.locator("[data-part=list] ol").inner_text())
        ]
        assert counts
        assert min(counts) >= least


def test_caution_zero_is_the_order_of_the_scores_and_more_never_raises_what_is_expected(page):
    open_page(page, "/recommendations?user=1")
    plain = listed(page)
    expected = means(page)
    assert expected == sorted(expected, reverse=True)
    last = sum(expected)
    for caution in (0.3, 0.6, 0.9):
        move(page, "Caution", caution)
        page.wait_for_url(re.compile(f"caution={caution}"))
        playwright.expect(page.get_by_text(f"Caution: {caution:.2f}")).to_be_visible()
        assert sum(means(page)) <= last + 0.5 * len(expected) * 0.1  # the words are rounded to a tenth
        last = sum(means(page))
    move(page, "Caution", 0)
    page.wait_for_function("!location.search.includes('caution')")
    playwright.expect(page.get_by_text("Caution: none")).to_be_visible()
    assert listed(page) == plain


def test_diversity_marks_what_moved_says_why_items_left_and_stands_in_the_address(page):
    open_page(page, "/recommendations?user=1")
    plain = listed(page)
    move(page, "Diversity", 0.9)
    page.wait_for_url(re.compile("diversity=0.9"))
    page.get_by_role("heading", name="Left the list").wait_for()
    shown = listed(page)
    left = page.locator("[data-part=list] ul li").all_inner_texts()
    assert len(left) == len(set(plain) - set(shown)) > 0
    assert all(" is similar to " in text or "rank above it now" in text for text in left)
    assert page.locator("[data-part=list] .p-mark", has_text="new").count() == len(left)
    open_page(page, "/recommendations?user=1&diversity=0.9")
    assert listed(page) == shown


def means(page) -> list[float]:
    return [
        float(text)
        for text in re.findall(r"([\d.]+) expected", page.locator("[data-part=list] ol").inner_text())
    ]


def test_why_adds_up(page):
    open_page(page, "/recommendations?user=1")
    page.get_by_role("button", name="why?").or_(page.locator("button", has_text="why?")).first.click()
    page.get_by_role("cell", name="sum", exact=True).wait_for()
    numbers = [
        float(text)
        for text in page.locator("[data-part=list] table").first.locator("td:first-child").all_inner_texts()
    ]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.0005 * len(numbers))


def test_the_back_button_returns_to_the_user_before(page):
    open_page(page, "/recommendations?user=1")
    page.get_by_label(re.compile("User")).fill("2")
    page.get_by_label(re.compile("User")).press("Enter")
    page.get_by_role("heading", name="For user 2").wait_for()
    page.go_back()
    page.get_by_role("heading", name="For user 1").wait_for()
    assert page.get_by_label(re.compile("User")).input_value() == "1"


def test_the_state_goes_along_to_other_pages(page):
    open_page(page, "/recommendations?user=7&model=second")
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url(re.compile(r"/compare\?model=second&user=7"))


def test_an_address_that_cannot_be_used_is_told(page):
    open_page(page, "/recommendations?caution=7&model=none")
    assert page.get_by_text("caution must be a number from 0 to 0.95; got '7'.").is_visible()
    assert page.get_by_text("model must be one of 'first', 'second'; got 'none'.").is_visible()


def test_an_unknown_user_gets_the_most_rated_and_is_told_so(page):
    open_page(page, "/recommendations?user=nobody")
    assert page.get_by_text("knows nothing about this user").is_visible()


def test_an_unknown_item_is_told(page):
    open_page(page, "/item/nothing")
    page.get_by_text("item 'nothing' is unknown").wait_for()


def test_compare_says_what_both_lists_share(page):
    open_page(page, "/compare?user=4")
    said = page.get_by_role("status").filter(has_text="both lists").inner_text()
    lists = [set(one.locator("a").all_inner_texts()) for one in page.locator("#content section").all()]
    shared = len(lists[0] & lists[1])
    assert said.startswith(f"{shared} of 10 items {'is' if shared == 1 else 'are'} on both lists.")


def test_one_model_is_not_compared_with_itself(chromium, tmp_path):
    explorer = Explorer(tmp_path, save_models(tmp_path)[:1]).start()
    try:
        page = chromium.new_page(base_url=explorer.address)
        page.goto("/compare?user=4")
        page.get_by_text("There is only one model.").wait_for()
        assert page.locator("#content section h2").all_inner_texts() == ["List A: first"]
        assert page.locator("#content section li").count() == 10
        page.close()
    finally:
        explorer.stop()


def test_each_list_calls_the_values_of_its_own_model(chromium, tmp_path):
    stars = save_models(tmp_path)[0]
    plays = palate.Ratings.from_arrays(["al", "al", "bo", "bo", "cy"], list("xyxzy"), [1, 3, 9, 2, 4])
    palate.LinearItems(grades="counts", min_ratings=1).fit(plays).save(tmp_path / "plays.palate")
    explorer = Explorer(tmp_path, [tmp_path / "plays.palate", stars]).start()
    try:
        page = chromium.new_page(base_url=explorer.address)
        page.goto("/compare?user=al")
        page.get_by_text("interaction", exact=False).first.wait_for()
        first, second = (section.inner_text() for section in page.locator("#content section").all())
        assert "interaction" in first
        assert "rating" not in first
        assert "interaction" not in second
        page.goto("/rate")
        page.get_by_role("heading", name="Often chosen").wait_for()
        page.get_by_text("This is a model of counts").wait_for()
        page.close()
    finally:
        explorer.stop()


def test_the_map_marks_both_lists_and_the_user_and_opens_an_item(page):
    open_page(page, "/map?user=4")
    page.locator("canvas").first.wait_for()
    marks = " ".join(page.get_by_role("list", name="Marks").inner_text().split())
    assert marks == "● rated ◆ list A: first ▲ list B: second ○ found ▼ user 4"
    page.get_by_text("Show as a table").click()
    assert page.locator("details h3").all_inner_texts() == ["List A", "List B", "Rated"]
    page.locator("details a").first.click()
    page.wait_for_url(re.compile("/item/"))


def test_a_case_that_looks_wrong_is_kept_and_found_again(page, explorer, capsys):
    open_page(page, "/")
    person = page.locator("section.p-person").first
    button = person.locator("button", has_text="looks wrong").first
    button.click()
    person.get_by_label("Why it looks wrong").fill("too odd")
    person.get_by_role("button", name="Save").click()
    person.get_by_text("Saved in looks-wrong.jsonl").wait_for()
    from palate.cli import main

    cases = str(explorer.folder / "looks-wrong.jsonl")
    assert main(["evaluate", str(explorer.models[0]), "--cases", cases]) == 1
    assert "still recommended, at rank 1" in capsys.readouterr().out


def test_a_model_that_is_replaced_is_told_on_open_pages(page, explorer):
    open_page(page, "/recommendations?user=1&model=second")
    first, second = explorer.models
    shutil.copy(first, explorer.folder / "new.tmp")
    time.sleep(0.01)  # so that the time stamps of the two files differ
    os.replace(explorer.folder / "new.tmp", second)
    page.get_by_text("Model second was replaced by a newer version.").wait_for()
    page.get_by_role("link", name="Show the new version").click()
    page.wait_for_url(re.compile("model=second"))


def test_it_listens_on_this_machine_alone_and_a_port_in_use_is_named(explorer, tmp_path, capsys):
    from palate.cli import main

    assert explorer.address.startswith("http://127.0.0.1:")
    options = ["--no-browser", "--port", explorer.port, "--store", str(tmp_path / "other.db")]
    assert main(["explore", str(explorer.models[0]), *options]) == 1
    assert (
        f"port {explorer.port} is in use; let palate find a free one: palate explore --port 0"
        in capsys.readouterr().err
    )


def test_without_a_model_the_page_answers_at_once_and_lists_follow(chromium, tmp_path):
    explorer = Explorer(tmp_path, []).start()
    try:
        page = chromium.new_page(base_url=explorer.address)
        page.set_default_timeout(4 * _MOST)
        page.goto("/")
        assert page.locator("h1").inner_text() in ("The first model is being trained", "Twelve people")
        page.locator("section.p-person").nth(11).wait_for()
        page.get_by_text(re.compile("is being trained|is loaded|is ready")).first.wait_for()
        page.close()
    finally:
        explorer.process.send_signal(signal.SIGINT)
        assert explorer.process.wait(60) == 0
    assert "Traceback" not in (tmp_path / "log.txt").read_text("utf-8")
