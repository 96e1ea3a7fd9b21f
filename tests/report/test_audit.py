"""The section and the page of an audit: what stands where, and what is said of each verdict."""

import json
import re

import pytest

from eegimg.report import make_audit, write_audit_report
from eegimg.report._html import number
from eegimg.validity import _decide


def text_of(body):
    """Return the words of some HTML, entities put back."""
    return " ".join(re.sub("<[^>]+>", " ", body).replace("&#39;", "'").split())


@pytest.mark.parametrize(
    ("verdict", "kind", "means"),
    [
        ("ok", "good", "drift cannot pass for decoding"),
        ("caution", "warning", "could not be checked"),
        ("confounded", "failed", "no evidence that responses to the images were decoded"),
    ],
)
def test_each_verdict_has_its_box_and_its_meaning(make_audit_result, verdict, kind, means):
    audit = make_audit_result(verdict=verdict, remarks=())
    body = make_audit(audit.to_dict())
    assert re.findall('class="notice ([a-z]+)"', body) == [kind]
    words = text_of(body)
    assert f"{verdict.capitalize()}: {audit.reason}" in words
    assert means in words
    assert "It is no reading of thoughts" in words


def test_confounded_is_not_said_to_mean_that_there_is_no_response(make_audit_result):
    words = text_of(make_audit(make_audit_result().to_dict()))
    assert "It does not mean that there is no such response" in words
    assert "no brain signal" not in words


def test_the_accuracy_stands_beside_its_null(make_audit_result):
    audit = make_audit_result()
    body = make_audit(audit.to_dict())
    words = text_of(body)
    assert audit.compare() in words
    assert (
        "72.0 % judged (given) 55.0 % a label-free copy of the design 98.0 % the clock alone 50.0 %" in words
    )
    assert "What would help: Hold whole runs out." in words
    assert "1 remark Labels are the names of events." in words
    (alt,) = re.findall('<img alt="([^"]+)"', body)
    assert audit.compare() in alt


def test_what_votes_stands_first_and_explanations_are_folded(make_audit_result):
    body = make_audit(make_audit_result().to_dict())
    voting, folded = body.split("<details>")
    names = [re.findall('<th scope="row" [^>]*>([a-z_]+)</th>', part) for part in (voting, folded)]
    assert names == [["exposure", "exposure_z", "drift", "leak"], ["run_length"]]
    words = text_of(voting)
    assert f"exposure 0.96 {number(_decide.MIN_EXPOSURE)} yes" in words
    assert f"drift 3 {number(_decide.MIN_DRIFT)} no" in words
    assert f"leak 0.1 {number(_decide.MIN_LEAK)} yes" in words


def test_what_is_missing_is_a_dash_or_a_sentence(make_audit_result):
    nothing = {"accuracy": None, "null_accuracy": None, "clock_accuracy": None, "decoder": None}
    audit = make_audit_result(**nothing, decoders={}, statistics={"exposure": float("nan")}, remarks=())
    words = text_of(make_audit(audit.to_dict()))
    assert "– judged – a label-free copy of the design – the clock alone" in words
    assert f"exposure – {number(_decide.MIN_EXPOSURE)} not known" in words
    bare = make_audit(make_audit_result(**nothing, decoders={}, statistics={}).to_dict())
    assert "Nothing that votes was measured." in bare


def test_a_page_is_whole_and_its_section_can_be_made_from_saved_json(make_audit_result, tmp_path):
    audit = make_audit_result()
    page = write_audit_report(audit, tmp_path / "new" / "sub-01_audit.html")
    assert [file.name for file in page.parent.iterdir()] == ["sub-01_audit.html"]
    text = page.read_text(encoding="utf-8")
    assert "<h1>sub-01_audit</h1>" in text
    assert text.count("data:image/webp;base64,") == 1
    assert text.count('class="accordion-item') == 5
    saved = json.loads(audit.to_json(tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert make_audit(saved, audit.trials) == make_audit(audit.to_dict(), audit.trials)


def test_a_page_needs_an_audit(make_audit_result, tmp_path):
    with pytest.raises(TypeError, match="The 'audit' parameter of write_audit_report must be an Audit"):
        write_audit_report(make_audit_result().to_dict(), tmp_path / "audit.html")
    assert not (tmp_path / "audit.html").exists()
