"""A report reads as a table, travels as JSON, and never turns a name from a file into a tag."""

import json

import pytest

from eegimg.validity._leak_report import LeakReport, finding, worst_fold


@pytest.fixture
def report():
    rows = [
        finding("image", "ok", "No image is in both parts.", count=0, of=8),
        finding(
            "block",
            "leak",
            "3 of 5 test blocks are in training too, and the block predicts the label.",
            count=3,
            of=5,
            examples=["<script>", "b2", "b3", "b4"],
            remedy="Use make_split(metadata, by='block').",
        ),
        finding("same picture", "not checked", "Give the folder.", parts=""),
    ]
    return LeakReport(
        rows=[worst_fold([row]) for row in rows],
        split="the column 'split'",
        claim=["new images"],
        parts={"fold 1": {"train": 3, "test": 2}},
    )


def test_text_is_a_table_of_a_hundred_columns_with_leaks_first(report):
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith(
        "Split: the column 'split'. Claim: 'new images'. Checks: 1 leak, 1 not checked, 1 ok."
    )
    (head,) = (number for number, line in enumerate(lines) if line.startswith("severity"))
    starts = [line.split()[0] for line in lines[head + 2 :] if not line.startswith(" ")]
    assert starts == ["leak", "not", "ok"]
    assert "3 of 5" in lines[head + 2]
    assert repr(report) == "<LeakReport: 1 leak in 3 checks, 1 not checked>"


def test_long_names_do_not_break_the_table(report):
    report.rows[0]["examples"] = "x" * 300
    assert max(map(len, str(report).splitlines())) <= 100


def test_the_table_has_whole_numbers(report):
    assert report.table["count"].tolist()[:2] == [0, 3]
    assert str(report.table["count"].dtype) == "Int64"
    assert report.table["examples"][1] == "<script>, b2, b3, ..."


def test_html_is_escaped(report):
    text = report._repr_html_()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<tr>") == 4


def test_json_holds_the_report(report, tmp_path):
    report.to_json(tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == report.to_dict()
    assert read["ok"] is False
    assert [row["severity"] for row in read["checks"]] == ["ok", "leak", "not checked"]


def test_more_than_three_leaks_are_counted(report):
    leaking = LeakReport(rows=[report.rows[1]] * 5, split="s", claim=[], parts={})
    with pytest.raises(
        ValueError, match=r"; 2 more in the report\. Use make_split\(metadata, by='block'\)\.$"
    ):
        leaking.raise_if_leaking()


def test_the_worst_fold_is_by_severity_then_by_share():
    rows = [
        finding("image", "note", "a.", count=9, of=10, name="one"),
        finding("image", "leak", "b.", count=1, of=10, name="two"),
        finding("image", "leak", "c.", count=2, of=10, name="three"),
    ]
    assert worst_fold(rows)["meaning"] == "c. Worst of 3 folds: 'three'."
