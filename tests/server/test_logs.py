import io
import json
import logging

from server.logs import JsonLines


def line(record: logging.LogRecord) -> dict[str, object]:
    result: dict[str, object] = json.loads(JsonLines().format(record))
    return result


def make_record(**extra: object) -> logging.LogRecord:
    logger = logging.getLogger("union.test")
    return logger.makeRecord(
        "union.test", logging.WARNING, "here.py", 1, "static_event", (), None, extra=extra
    )


def test_a_line_is_one_json_object_with_the_event_and_its_facts() -> None:
    found = line(make_record(serial="7K3QF2A9XW", count=5))
    assert (found["level"], found["event"], found["serial"], found["count"]) == (
        "warning", "static_event", "7K3QF2A9XW", 5,
    )  # fmt: skip
    assert "\n" not in JsonLines().format(make_record(text="two\nlines"))


def test_an_exception_s_trace_is_logged_without_its_text() -> None:
    logger = logging.getLogger("union.test.trace")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.propagate = False
    try:
        int("身份证 110101199001011234")
    except ValueError:
        logger.exception("request_failed")
    found = json.loads(stream.getvalue())
    assert found["error"] == "ValueError"
    assert "test_logs.py" in found["trace"][0]
    assert "110101" not in stream.getvalue()


def test_what_a_library_says_is_not_repeated() -> None:
    record = logging.getLogger("pymongo").makeRecord(
        "pymongo", logging.ERROR, "x.py", 1, "failed with openid %s", ("o123",), None
    )
    assert line(record)["event"] == "library:pymongo"
    assert "o123" not in JsonLines().format(record)
