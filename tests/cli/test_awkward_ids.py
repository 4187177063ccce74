"""Ids that a shell and a comma-separated list make hard to name, and labels that palate prints."""

import json
import os
import shlex

import pytest

ITEMS = ["WHITE HOLDER ", "LANTERN", "CUP, RED", "A  B", "-x", " lead", 'say "hi"', "it's", "Ünï;$HOME"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    from command_line import process

    folder = tmp_path_factory.mktemp("my shop")
    cells = ['"' + item.replace('"', '""') + '"' for item in ITEMS]
    rows = [
        f"{user},{cell},{(user + place) % 5 + 1}"
        for user in range(9)
        for place, cell in enumerate(cells)
        if (user + place) % 4
    ]
    (folder / "r.csv").write_text("user_id,item_id,rating\n" + "\n".join(rows) + "\n")
    done = process("train", folder / "r.csv", "-o", folder / "m.palate", "--n-factors", "1")
    assert done.returncode == 0, done.stderr
    return folder / "m.palate"


def listed(palate, *arguments):
    result = palate(arguments[0], "--json", *arguments[1:])
    assert result.code == 0, result.err
    return {row["item_id"] for row in json.loads(result.out)}


@pytest.mark.parametrize("item", ITEMS)
def test_every_id_can_be_named_as_it_is(palate, shop, tmp_path, item):
    everything = ("recommend", shop, "1", "--include-seen", "-n", "99")
    (tmp_path / "ids.txt").write_text(f"{item}\n", "utf-8")
    assert listed(palate, *everything, "--candidates", item) == {item}
    assert listed(palate, *everything, "--candidates", tmp_path / "ids.txt") == {item}
    assert listed(palate, *everything, f"--exclude-items={item}") == set(ITEMS) - {item}
    assert item not in listed(palate, "recommend", shop, "-n", "99", "--rate", f"{item}=5")
    assert listed(palate, "predict", shop, "1", "--", item) == {item}
    assert item not in listed(palate, "similar", shop, "--", item)


def test_lists_of_ids(palate, shop, refused, tmp_path):
    everything = ("recommend", shop, "1", "--include-seen", "-n", "99")
    assert listed(palate, *everything, "--candidates", "LANTERN,CUP, RED,A  B") == {
        "LANTERN",
        "CUP, RED",
        "A  B",
    }
    assert listed(palate, *everything, "--candidates", "LANTERN, A  B") == {"LANTERN", "A  B"}
    (tmp_path / "ids.txt").write_text('"CUP, RED"\r\n\r\nWHITE HOLDER\n LANTERN\n', "utf-8")
    message = refused(*everything, "--candidates", tmp_path / "ids.txt")
    assert "unknown item id 'WHITE HOLDER'" in message  # the model has it with a blank, which is another id
    assert "unknown item id 'A  C'" in refused(*everything, "--candidates", "A  C")


def test_a_list_that_can_be_read_in_two_ways_is_refused(palate, refused, tmp_path):
    (tmp_path / "r.csv").write_text('user_id,item_id,rating\n1,a,1\n1,b,2\n2,"a,b",3\n2,a,2\n')
    assert palate("train", tmp_path / "r.csv", "-o", tmp_path / "m.palate", "--n-factors", "1").code == 0
    assert "is ambiguous" in refused("recommend", tmp_path / "m.palate", "1", "--candidates", "a,b")


def test_negative_ids_and_the_line_to_paste(palate, tmp_path, refused):
    (tmp_path / "n.csv").write_text("user_id,item_id,rating\n-5,1,3\n-5,2,4\n7,1,5\n7,-3,2\n8,2,1\n8,-3,4\n")
    model = tmp_path / "my model.palate"
    result = palate("train", tmp_path / "n.csv", "-o", model, "--n-factors", "1")
    line = result.out.splitlines()[-1]
    assert line == f"Next: palate recommend '{model}' -- -5"
    assert palate(*shlex.split(line.removeprefix("Next: "))[1:]).code == 0
    assert listed(palate, "recommend", model, "-5", "-n", "1") == {-3}
    assert listed(palate, "predict", model, "7", "-3") == {-3}
    assert listed(palate, "predict", model, "-5", "-3", "1") == {-3, 1}
    assert listed(palate, "recommend", model, "7", "--include-seen", "--candidates", "-3") == {-3}
    assert listed(palate, "recommend", model, "--rate", "-3=5", "-n1") <= {1, 2}
    assert "-n" in refused("recommend", model, "7", "-n", "-2", code=2)
    assert "No such option" in refused("recommend", model, "7", "--bogus", code=2)


@pytest.mark.parametrize("key", [True, False])
def test_labels_that_are_printed_are_accepted(palate, tmp_path, key):
    (tmp_path / "r.csv").write_text(
        "user_id,item_id,rating\n1,10,3\n1,11,4\n2,10,5\n2,12,1\n3,11,2\n3,12,4\n"
    )
    rows = [(10, "Solaris", 1972), (11, "Solaris", 2002), (12, "Heat, or not", 1995)]
    lines = [
        f'{item},"{title}",{year}' + (f',"{title} ({year})"' if key else "") for item, title, year in rows
    ]
    (tmp_path / "items.csv").write_text(
        "item_id,title,year" + (",key" if key else "") + "\n" + "\n".join(lines) + "\n"
    )
    model = tmp_path / "m.palate"
    assert palate("train", tmp_path / "r.csv", "-o", model, "--n-factors", "1").code == 0
    name = "Solaris (1972)"
    assert f"Most like {name}" in palate("similar", model, "10").out
    for option in ((name,), ("--title", name)):
        assert 10 not in listed(palate, "similar", model, *option)
        assert listed(palate, "predict", model, "1", *option) == {10}
    assert 10 not in listed(palate, "recommend", model, "--rate", f"{name}=5")
    everything = ("recommend", model, "1", "--include-seen")
    assert listed(palate, *everything, "--candidates", f"{name},Heat, or not (1995)") == {10, 12}
    assert 10 not in listed(palate, *everything, "--exclude-items", name)
    (tmp_path / "f.csv").write_text(f'item_id,rating\n"{name}",4\n')
    assert 10 not in listed(palate, "recommend", model, "--fold-in", tmp_path / "f.csv")


def test_an_id_with_a_minus_and_letters_is_an_id_where_it_is_one(palate, tmp_path, refused):
    (tmp_path / "r.csv").write_text(
        "user_id,item_id,rating\n-abc,-q1,3\n-abc,b,4\n-zed,-q1,5\n-zed,-x=1,2\nbob,b,1\nbob,-x=1,4\n"
    )
    model = tmp_path / "m.palate"
    assert palate("train", tmp_path / "r.csv", "-o", model, "--n-factors", "1").code == 0
    assert listed(palate, "recommend", model, "-abc", "-n", "1") == {"-x=1"}
    assert listed(palate, "recommend", model, "-n", "1", "-zed") == {"b"}
    assert listed(palate, "predict", model, "-abc", "-q1", "-x=1") == {"-q1", "-x=1"}
    assert listed(palate, "predict", model, "bob", "--json", "--", "-q1") == {"-q1"}
    assert listed(palate, "rated", model, "-abc") == {"-q1", "b"}
    assert palate("similar", model, "-q1").code == 0
    assert palate("explain", model, "-abc", "-x=1").code == 0
    said = refused("recommend", model, "-c", "0.8")
    assert said.startswith("unknown user id '-c': ")
    assert said.endswith("'-c' is not an option of this command either; see --help.")
    said = refused("recommend", model, "-nabc", code=2)  # -n takes it
    assert f"an id that begins with a minus comes after --: palate recommend {model} -- -nabc" in said
    assert refused("train", tmp_path / "r.csv", "-z", code=2).startswith("No such option: -z")  # takes no ids


def test_candidates_of_an_evaluation_are_taken_as_those_of_a_list(palate, shop, tmp_path, refused):
    test = tmp_path / "test.csv"
    seen = {user: listed(palate, "rated", shop, user) for user in "0123"}
    new = [(user, item) for user in seen for item in ("LANTERN", "CUP, RED") if item not in seen[user]]
    test.write_text("user_id,item_id,rating\n" + "".join(f'{user},"{item}",5\n' for user, item in new))
    evaluate = ("evaluate", shop, "--test", test, "--k", "1", "--resamples", "0", "--relevant-from", "3")
    (tmp_path / "ids.txt").write_text('CUP, RED\n\n"LANTERN"\nWHITE HOLDER \n')
    for candidates in ("CUP, RED,LANTERN,WHITE HOLDER ", tmp_path / "ids.txt"):
        result = palate(*evaluate, "--candidates", candidates)
        assert result.code == 0, result.err
        assert "Lists hold 3 candidates" in result.out
    assert "Lists hold 1 candidates" in palate(*evaluate, "--candidates", "LANTERN,nowhere").out
    assert "has none of these" in refused(*evaluate, "--candidates", "CUP RED", code=1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--top", "--n"), ("--k", "--n"), ("-k", "--n"), ("--limit=3", "--n"), ("--threshold", "--min-ratings")],
)
def test_what_others_call_an_option_is_answered_with_its_name(refused, shop, typed, meant):
    said = refused("recommend", shop, "1", typed, "3", code=2)
    assert said == f"No such option: {typed.partition('=')[0]}. Did you mean {meant}?"


def test_the_same_of_other_commands(refused, shop):
    assert refused("evaluate", shop, "--top", "3", code=2).endswith("Did you mean --k?")
    assert refused("train", "r.csv", "--factors", "3", code=2).endswith("Did you mean --n-factors?")
    assert refused("train", "r.csv", "--reg", "3", code=2).endswith("Did you mean --l2-user or --l2-item?")


def test_a_dash_is_standard_input_or_is_refused(palate, shop, tmp_path):
    from command_line import process

    done = process(
        "recommend", "--json", shop, "1", "--include-seen", "--candidates", "-", input="LANTERN\r\n lead\n"
    )
    assert {row["item_id"] for row in json.loads(done.stdout)} == {"LANTERN", " lead"}
    assert "the model must be a file; got '-'" in palate("recommend", "-", "1").err
    ratings = shop.parent / "r.csv"
    assert "--output must be the name of a file; got '-'" in palate("train", ratings, "-o", "-").err
    if os.name == "posix":
        assert (
            "could not save /dev/null (it is a pipe or a device)"
            in palate("train", ratings, "-o", "/dev/null").err
        )
