"""Triggers against a presentation log in which some are missing, some extra and some wrong."""

import mne
import numpy as np
import pandas as pd
import pytest

from eegimg.events import match_events

SFREQ = 1000.0


def planted(seed, n=100, n_codes=1, soa=(0.8, 1.2), lost=5, extra=3, wrong=0, drift=80e-6, jitter=0.002):
    """Make a log, MNE's events of it, and the true row of each event (-1 for an extra one)."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.uniform(*soa, n))
    codes = rng.integers(1, n_codes + 1, n)
    log = pd.DataFrame({"onset": onsets, "code": codes, "image": [f"image{k}" for k in range(n)]})
    # Both ends stay: without them nobody could tell where a steady stream began.
    rows = np.delete(np.arange(n), 1 + rng.choice(n - 2, lost, replace=False))
    times = 500 + (1 + drift) * onsets[rows] + rng.normal(0, jitter, len(rows))
    sent = codes[rows]
    turned = rng.choice(len(rows), wrong, replace=False)
    sent[turned] = sent[turned] % max(n_codes, 2) + 1
    # An extra trigger between two pictures, near to none.
    after = rng.choice(n - 1, extra, replace=False)
    between = 500 + onsets[after] + rng.uniform(0.3, 0.7, extra) * np.diff(onsets)[after]
    times = np.concatenate([times, between])
    order = np.argsort(times)
    samples = np.round(times[order] * SFREQ).astype(int)
    sent = np.concatenate([sent, rng.integers(1, n_codes + 1, extra)])[order]
    truth = np.concatenate([rows, np.full(extra, -1)])[order]
    return np.c_[samples, np.zeros(len(samples), int), sent], log, truth


def partners(match, n_events):
    """Return the log row that each event was given, -1 for none."""
    table = match.table.dropna(subset="event")
    found = np.full(n_events, -2)
    found[table["event"].astype(int)] = table["log"].fillna(-1).astype(int)
    return found


@pytest.mark.parametrize(
    ("settings", "with_codes"),
    [
        ({}, False),  # intervals alone
        ({"n_codes": 2, "wrong": 2}, True),
        ({"n_codes": 40, "soa": (0.2, 0.2)}, True),  # a steady stream, told apart by codes
        ({"soa": (0.5, 0.5)}, False),  # and by nothing but its gaps
        ({"drift": -800e-6, "jitter": 0.008, "lost": 15, "extra": 15}, False),
    ],
)
def test_missing_and_extra_triggers_are_found_where_they_were_planted(settings, with_codes):
    n_cases, right, sure = 60, 0, 0
    for seed in range(n_cases):
        events, log, truth = planted(seed, **settings)
        match = match_events(events, log if with_codes else log.drop(columns="code"), sfreq=SFREQ)
        right += np.array_equal(partners(match, len(events)), truth)
        # What is handed on as sure is always right.
        kept = match.metadata["image"].tolist()
        good = truth[np.isin(events[:, 0], match.events[:, 0])]
        assert kept == [f"image{row}" for row in good]
        sure += len(kept) / max((truth >= 0).sum(), 1)
    assert right >= 0.99 * n_cases
    assert sure >= 0.95 * n_cases


def test_counts_statuses_and_clocks():
    events, log, truth = planted(1, n=200, n_codes=3, lost=6, extra=4, wrong=3)
    match = match_events(events, log, sfreq=SFREQ)
    assert match.counts == {"matched": 191, "missing": 6, "extra": 4, "wrong code": 3, "ambiguous": 0}
    assert match.compared == "codes and onsets"
    assert match.offset == pytest.approx(500 + log["onset"][0] * 80e-6, abs=0.001)
    assert match.drift_ppm == pytest.approx(80, abs=8)
    assert match.jitter == pytest.approx(0.002, rel=0.2)
    table = match.table
    assert table["log"].dropna().is_monotonic_increasing
    assert table["event"].dropna().is_monotonic_increasing
    assert sorted(table.loc[table["status"] == "missing", "log"]) == sorted(set(range(200)) - set(truth))
    assert table.loc[table["status"] == "extra", "event"].tolist() == np.flatnonzero(truth < 0).tolist()
    assert table.loc[table["status"] == "matched", "difference"].abs().max() < 0.01
    with pytest.raises(RuntimeError, match=r"(?s)do not match the presentation log. 191 of 200 .*6 missing"):
        match.raise_if_unmatched()


def test_a_perfect_recording_raises_nothing():
    events, log, _ = planted(2, lost=0, extra=0)
    match = match_events(events, log, sfreq=SFREQ)
    match.raise_if_unmatched()
    assert match.counts["matched"] == len(log) == len(match.metadata)
    assert str(match).startswith(
        "100 of 100 log rows matched by codes and onsets.\nThe events' clock is +500."
    )


def test_events_and_metadata_make_epochs():
    events, log, truth = planted(3, n=30, lost=2, extra=2)
    events[:, 0] -= 490_000
    raw = mne.io.RawArray(
        np.zeros((1, events[-1, 0] + 2000)), mne.create_info(["Cz"], SFREQ, "eeg"), verbose="error"
    )
    match = match_events(events, log, sfreq=SFREQ)
    epochs = mne.Epochs(
        raw, match.events, tmin=0, tmax=0.1, baseline=None, metadata=match.metadata, verbose="error"
    )
    assert epochs.metadata["image"].tolist() == [f"image{row}" for row in truth if row >= 0]


def test_long_stretches_are_lost_at_once_and_at_the_start():
    events, log, truth = planted(4, n=1500, lost=0, extra=0)
    kept = (truth > 200) & ((truth < 500) | (truth > 900))
    match = match_events(events[kept], log.drop(columns="code"), sfreq=SFREQ)
    np.testing.assert_array_equal(partners(match, kept.sum()), truth[kept])
    by_code = log.assign(code=np.random.default_rng(0).integers(1, 9, 1500))
    sent = np.c_[events[:, :2], by_code["code"]][kept]
    match = match_events(sent, by_code, onset=None)
    sure = ~match.table.dropna(subset="event")["ambiguous"].to_numpy()
    np.testing.assert_array_equal(partners(match, kept.sum())[sure], truth[kept][sure])
    assert sure.mean() > 0.8


def test_a_trigger_missing_among_equal_ones_is_reported_and_not_guessed():
    log = pd.DataFrame({"code": [1, 2, 2, 2, 3, 1], "image": list("abcdef")})
    events = np.array([[10, 0, 1], [20, 0, 2], [30, 0, 2], [40, 0, 3], [50, 0, 1]])
    match = match_events(events, log)
    assert match.metadata["image"].tolist() == ["a", "e", "f"]
    assert match.events[:, 0].tolist() == [10, 40, 50]
    assert match.table["ambiguous"].tolist() == [False, True, True, True, False, False]
    assert "3 ambiguous: log rows 1-3 could change places, and nothing in the codes tells" in str(match)
    unsure = match.table[match.table["ambiguous"]].dropna(subset="event")
    assert {*unsure["alternatives"].sum(), *unsure["log"]} == {1, 2, 3}
    with pytest.raises(RuntimeError, match="3 ambiguous"):
        match.raise_if_unmatched()
    # With onsets it is known which.
    timed = log.assign(onset=[0.0, 1.0, 2.0, 3.1, 4.0, 5.0])
    events[:, 0] = [1000, 2000, 4100, 5000, 6000]
    match = match_events(events, timed, sfreq=SFREQ)
    assert match.metadata["image"].tolist() == list("abdef")


def test_a_steady_stream_that_lost_its_start_or_end_belongs_anywhere():
    log = pd.DataFrame({"onset": 0.5 * np.arange(50), "image": range(50)})
    events = np.c_[500 * np.arange(49), np.zeros((49, 1), int), np.ones((49, 1), int)]
    match = match_events(events, log, sfreq=SFREQ)
    assert match.table["ambiguous"].all()
    assert len(match.events) == len(match.metadata) == 0
    assert len(match.other_offsets) == 1
    assert "The whole fits as well with the clocks" in str(match)


def test_two_triggers_close_together_are_not_told_apart():
    events, log, _ = planted(5, n=40, lost=0, extra=0)
    twice = np.insert(events, 20, events[20] - [3, 0, 0], axis=0)
    match = match_events(twice, log, sfreq=SFREQ)
    assert match.counts["extra"] == 1
    assert match.table.loc[match.table["ambiguous"], "event"].tolist() == [20, 21]
    assert len(match.metadata) == 39


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_a_log_is_read_from_a_file(tmp_path, suffix):
    events, log, truth = planted(6, n=30)
    log = log.assign(image=[f"{k:03d}" for k in range(30)], rating="n/a").rename(columns={"onset": "shown"})
    path = tmp_path / f"log{suffix}"
    log.to_csv(path, sep="\t" if suffix == ".tsv" else ",", index=False)
    match = match_events(events, path, onset="shown", sfreq=SFREQ)
    assert match.metadata["image"].tolist() == [f"{row:03d}" for row in truth if row >= 0]
    assert match.metadata["code"].dtype.kind == "i"
    assert match.metadata["rating"].isna().all()


def test_names_in_the_log_and_tables_of_events():
    events, log, truth = planted(7, n=60, n_codes=2)
    names = log.assign(name=log.pop("code").map({1: "face", 2: "house"}))
    match = match_events(events, names, event_id={"face": 1, "house": 2}, sfreq=SFREQ)
    np.testing.assert_array_equal(partners(match, len(events)), truth)
    table = pd.DataFrame(
        {"onset": events[:, 0] / SFREQ, "name": np.where(events[:, 2] == 1, "face", "house")},
        index=np.arange(len(events)) + 7,
    )
    match = match_events(table, names)
    np.testing.assert_array_equal(partners(match, len(events)), truth)
    assert match.events["onset"].tolist() == (events[truth >= 0, 0] / SFREQ).tolist()
    assert match.compared == "codes and onsets"
    assert match_events(table[["name"]], names).compared == "codes"


def test_nothing_given_matches_nothing():
    log = pd.DataFrame({"onset": [1.0, 2.0], "code": [1, 2]})
    for arguments in ({"sfreq": SFREQ}, {"onset": None}):
        match = match_events(np.empty((0, 3), int), log, **arguments)
        assert match.counts == {"matched": 0, "missing": 2, "extra": 0, "wrong code": 0, "ambiguous": 0}


@pytest.mark.slow
def test_ten_thousand_events_stay_within_time_and_memory():
    events, log, truth = planted(8, n=10_000, n_codes=4, lost=100, extra=50, wrong=20)
    for given in (log, log.drop(columns="code")):
        match = match_events(events, given, sfreq=SFREQ)
        assert (partners(match, len(events)) == truth).mean() > 0.9995
    match = match_events(events, log, onset=None)
    sure = ~match.table.dropna(subset="event")["ambiguous"].to_numpy()
    assert (partners(match, len(events)) == truth)[sure].mean() > 0.999


def test_a_band_that_cannot_be_wide_enough_is_an_error(monkeypatch):
    monkeypatch.setattr("eegimg.events._align.MAX_CELLS", 200_000)
    codes = np.random.default_rng(0).integers(1, 9, 1200)
    events = np.c_[np.arange(1200), np.zeros(1200, int), codes]
    cut = np.r_[events[:100], events[500:]]
    with pytest.raises(
        RuntimeError, match="needs a band of .* rows, more than memory allows: very many events are missing"
    ):
        match_events(np.r_[cut, cut[:400]], pd.DataFrame({"code": codes}))


LOG = pd.DataFrame({"onset": [1.0, 2.0, 3.5], "code": [1, 2, 1]})
EVENTS = np.array([[1000, 0, 1], [2000, 0, 2], [3500, 0, 1]])


@pytest.mark.parametrize(
    ("events", "log", "arguments", "error", "sentence"),
    [
        (EVENTS, LOG, {}, ValueError, "needs 'sfreq' to compare samples with the log's onsets in seconds: pass"),
        (EVENTS, LOG, {"onset": "onst"}, ValueError, "asked for the onset column 'onst'; the log has .*Did you mean 'onset'"),
        (EVENTS, LOG, {"code": "cod", "sfreq": 1e3}, ValueError, "asked for the code column 'cod'; the log has .*Did you mean 'code'"),
        (EVENTS, LOG.assign(code=["a", "b", "a"]), {"sfreq": 1e3}, ValueError, "events have the codes '1' and '2', the log has 'a' and 'b': none is the same"),
        (EVENTS, LOG.assign(onset=[1, 3, 2]), {"sfreq": 1e3}, ValueError, "onsets of the log fall from 3 to 2 at row 2. Give them in order"),
        (EVENTS, LOG.assign(onset=[1, None, 2]), {"sfreq": 1e3}, ValueError, "'onset' of the log holds no number in 1 of 3 rows, the first of them row 1"),
        (EVENTS, LOG.assign(onset=[1000, 2000, 3500]), {"sfreq": 1e3}, ValueError, "more than a hundred times those of the other side. Give onsets of both in seconds"),
        (EVENTS, LOG[[]].assign(image="a"), {}, ValueError, "nothing to compare: .* The log has 'image'. Name its columns"),
        (EVENTS[:, :2], LOG, {}, TypeError, r"must be an integer array of shape \(n_events, 3\) or a DataFrame. Got an array of int64 of shape \(3, 2\)"),
        (EVENTS, [1, 2, 1], {}, TypeError, "'log' parameter of match_events must be a DataFrame or the path of a .tsv or .csv"),
        (EVENTS, "log.xlsx", {}, ValueError, "'log suffix' parameter of match_events must be '.tsv' or '.csv'"),
        (EVENTS, "nowhere.tsv", {}, FileNotFoundError, "no presentation log at nowhere.tsv. Check the path"),
        (EVENTS, LOG, {"tolerance": 0, "sfreq": 1e3}, ValueError, "'tolerance' parameter of match_events must be a number above 0"),
        (EVENTS, LOG, {"event_id": ["a"], "sfreq": 1e3}, TypeError, "'event_id' parameter of match_events must be a dict of names and codes"),
    ],
)  # fmt: skip
def test_what_cannot_be_matched_is_said_in_a_sentence(events, log, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        match_events(events, log, **arguments)


def test_a_file_that_is_no_table(tmp_path):
    path = tmp_path / "log.tsv"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="log.tsv cannot be read as a table: .*Save it as UTF-8"):
        match_events(EVENTS, path)
