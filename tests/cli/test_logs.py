"""The order of `edgewright logs`: by time over all logs, and never another one within a log."""

from edgewright.cli.logs import in_order


def entry(time: str, message: str) -> str:
    return f'{{"time": "{time}", "message": "{message}"}}'


def test_lines_of_several_logs_come_in_the_order_of_time() -> None:
    edge = [entry("2026-11-29T10:00:00.500Z", "a"), entry("2026-11-29T10:00:02.000Z", "c")]
    service = ["2026-11-29T10:00:01+00:00 b", "2026-11-29 10:00:03,250 d"]
    got = [line for _, line in in_order([("edge", edge), ("us", service[:1])])]
    assert got == [edge[0], service[0], edge[1]]


def test_a_line_without_a_time_stays_behind_the_one_before_it() -> None:
    service = ["listening", "2026-11-29T10:00:05Z failed:", "  File x", "ValueError", "2026-11-29T10:00:09Z well"]
    edge = [entry("2026-11-29T10:00:04Z", "a"), "no JSON", entry("2026-11-29T10:00:06Z", "b")]
    assert list(in_order([("edge", edge), ("us", service)])) == [
        ("us", "listening"),
        ("edge", edge[0]),
        ("edge", "no JSON"),
        ("us", service[1]),
        ("us", "  File x"),
        ("us", "ValueError"),
        ("edge", edge[2]),
        ("us", service[4]),
    ]


def test_equal_times_keep_the_order_of_the_logs_and_a_log_never_changes_its_own() -> None:
    back = [entry("2026-11-29T10:00:05Z", "late"), entry("2026-11-29T10:00:01Z", "a clock set back"), "[1, 2]", "{"]
    other = ["2026-11-29T10:00:05Z same", "2026-13-99T10:00:05Z is no day", "\x00"]
    assert list(in_order([("edge", back), ("us", other)])) == [
        *(("edge", line) for line in back),
        *(("us", line) for line in other),
    ]
