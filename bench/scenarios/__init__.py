"""The scenarios, by their letters. Each is a function of a Bench that gives a Scenario."""

from scenarios import calls, generators, h2load, instructions, memory, overload, shapes, startup, tail, threads



def _common_client(bench):
    scenario = h2load.run(bench)
    if scenario.cases:
        generators.compare(bench, scenario)
    return scenario


ALL = {
    "A": calls.one_at_a_time,
    "B": calls.many_under_way,
    "C": calls.large_messages,
    "D": calls.streams,
    "E": _common_client,
    "F": memory.run,
    "G": calls.over_tls,
    "H": tail.run,
    "I": startup.run,
    "J": threads.run,
    "K": overload.run,
    "L": calls.as_production,
    "M": shapes.run,
}
INSTRUCTIONS = {"instructions": instructions.run}
