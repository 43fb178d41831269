"""The scenarios, by their letters. Each is a function of a Bench that gives a Scenario."""

from scenarios import calls, h2load

ALL = {
    "A": calls.one_at_a_time,
    "B": calls.many_under_way,
    "C": calls.large_messages,
    "D": calls.streams,
    "E": h2load.run,
    "G": calls.over_tls,
}
