"""Names from files: escaped wherever they stand, and never followed."""

import json
import sys

from eegimg.report import make_audit, write_audit_report, write_index, write_recording_report

SCRIPT, PATH = "<script>alert(1)</script>", "../../etc/passwd"
ATTRIBUTE = '"><img src=x onerror=alert(1)>'


def plant(sidecar):
    """Put hostile names into every corner of a sidecar."""
    sidecar["Warnings"] = [SCRIPT, ATTRIBUTE]
    sidecar["Sources"] = [PATH + SCRIPT]
    sidecar["Recipe"] |= {"name": SCRIPT, "fingerprint": SCRIPT, "toml": f"name = '</code></pre>{SCRIPT}'"}
    sidecar["PackageVersions"][SCRIPT] = SCRIPT
    sidecar["InputDigest"]["files"] = {PATH + SCRIPT: {"sha256": SCRIPT, "size": 1}}
    sidecar["Input"] |= {"reference": SCRIPT, "positions": SCRIPT, "ch_types": {SCRIPT: 3}, "bads": [SCRIPT]}
    sidecar["Channels"][3] |= {"name": ATTRIBUTE, "bad": True}
    sidecar["Channels"][4] |= {"name": SCRIPT, "bad": True, "x": None, "y": None}
    log = sidecar["Log"]
    log[0]["found"] |= {"bads": {ATTRIBUTE: [SCRIPT]}, "skipped": [SCRIPT]}
    log[1] |= {"step": SCRIPT, "params": {SCRIPT: SCRIPT}, "found": {SCRIPT: SCRIPT}}
    log[3]["found"]["components"][0] |= {"label": SCRIPT, "reason": SCRIPT}
    log[6]["found"] |= {"source": SCRIPT, "dropped": {SCRIPT: 2, f"BAD {SCRIPT}": 3}}
    log[7]["found"]["drop_reasons"] = {SCRIPT: 4}


def hostile(make_derivative):
    return make_derivative({SCRIPT: 9, PATH: 8, ATTRIBUTE: 7, "$\\frac{": 6}, change=plant)


def assert_clean(text):
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_page_escapes_names(make_derivative, tmp_path):
    text = write_recording_report(hostile(make_derivative), tmp_path / "report").read_text(encoding="utf-8")
    assert_clean(text)
    assert "../../etc/passwd" in text
    assert "&#34;&gt;&lt;img src=x" in text


def test_index_escapes_names(make_derivative, tmp_path):
    path = hostile(make_derivative)
    rows = [
        {"recording": SCRIPT, "status": "failed", "reason": ATTRIBUTE, "page": PATH},
        {"recording": PATH, "status": "done", "page": f"{SCRIPT}.html", "sidecar": str(path)},
        {"recording": "sub-01", "status": "done", "page": "javascript:alert(1)"},
    ]
    page = write_index(rows, tmp_path / "report", ATTRIBUTE, remarks=[SCRIPT])
    text = page.read_text(encoding="utf-8")
    assert_clean(text)
    assert 'href="../' not in text, "a link never leaves the folder of the report"
    assert 'href="javascript:' not in text
    assert page.parent == tmp_path / "report"


def test_audit_escapes_names(make_audit_result, tmp_path):
    audit = make_audit_result(
        reason=SCRIPT,
        flags=(SCRIPT,),
        remedy=ATTRIBUTE,
        decoder=SCRIPT,
        label=SCRIPT,
        split=ATTRIBUTE,
        decoders={SCRIPT: {"kappa": 0.3, "null": [0.1]}, "$\\frac{": {"kappa": 0.1, "null": []}},
        remarks=(SCRIPT, ATTRIBUTE),
    )
    audit.trials["label"] = [SCRIPT, "$\\frac{"] * 20
    assert_clean(make_audit(audit.to_dict(), audit.trials))
    assert_clean(write_audit_report(audit, tmp_path / "<b>audit.html").read_text(encoding="utf-8"))


def test_nothing_but_the_derivative_is_read(make_derivative, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"never to be opened")

    def change(sidecar):
        plant(sidecar)
        sidecar["Sources"] = [str(secret), "../../../secret.png"]

    path = make_derivative({str(secret): 9, "../../../secret.png": 8}, change=change)
    opened, listening = [], True

    def hear(event, args):
        if listening and event == "open" and isinstance(args[0], str):
            opened.append(args[0])

    sys.addaudithook(hear)
    page = write_recording_report(path, tmp_path / "report")
    write_index([{"recording": "a", "status": "done", "sidecar": str(path)}], tmp_path / "report", "t")
    listening = False
    here = {name for name in opened if name.startswith(str(tmp_path))}
    assert {name for name in here if "/report/" not in name} == {str(path), str(path.with_suffix(".fif"))}
    assert not any(name.endswith("passwd") for name in opened)
    assert secret.read_bytes() not in page.read_bytes()


def test_the_command_to_copy_is_quoted(make_derivative, tmp_path):
    def change(sidecar):
        sidecar["Recipe"]["name"] = "x; rm -r ~"

    path = make_derivative(kind="eeg", change=change)
    assert json.loads(path.read_text(encoding="utf-8"))["Recipe"]["name"] == "x; rm -r ~"
    text = write_recording_report(path, tmp_path / "report").read_text(encoding="utf-8")
    assert "--recipe &#39;x; rm -r ~.toml&#39;" in text
