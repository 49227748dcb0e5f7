"""The report as plain data, and its JSON."""

import json

from crnn_seq2seq_ocr.report.content import as_json, summarize


def test_summary_holds_every_statistic() -> None:
    report = summarize("t", ["Rue", "Quai"], ["Rue", "Quoi"], [0.9, 0.4], dropped={"empty text": 2})

    assert report.evaluated == 2
    assert report.scores["strict"]["sequence_accuracy"] == 0.5
    assert [(each.expected, each.found) for each in report.confusions] == [("a", "o")]
    assert report.curve[-1].error == 0.5
    assert report.coverages[0].error == 0.0
    assert report.risk_coverage_area == 0.25
    assert sum(each.count for each in report.reliability) == 2


def test_json_names_every_profile_and_the_dropped() -> None:
    report = summarize("t", ["a"], ["a"], [0.9], facts=[("model", "m")], dropped={"empty text": 2})

    loaded = json.loads(json.dumps(as_json(report), allow_nan=False))

    assert loaded["profiles"].keys() == loaded["scores"].keys()
    assert (loaded["evaluated"], loaded["dropped"], loaded["facts"]) == (1, {"empty text": 2}, {"model": "m"})
    assert loaded["lengths"][0]["low"] == 1
    assert loaded["curve"][0]["threshold"] == 0.9


def test_json_of_nothing_is_valid() -> None:
    loaded = json.loads(json.dumps(as_json(summarize("t", [], [], [])), allow_nan=False))

    assert loaded["calibration_error"] is None
    assert loaded["curve"] == []
