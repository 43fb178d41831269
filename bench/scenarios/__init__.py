"""The scenarios, by their letters. Each is a function of a Bench that gives a Scenario."""

from scenarios import calls, h2load, instructions, memory, overload, startup, tail, threads

ALL = {
    "A": calls.one_at_a_time,
    "B": calls.many_under_way,
    "C": calls.large_messages,
    "D": calls.streams,
    "E": h2load.run,
    "F": memory.run,
    "G": calls.over_tls,
    "H": tail.run,
    "I": startup.run,
    "J": threads.run,
    "K": overload.run,
}
INSTRUCTIONS = {"instructions": instructions.run}
