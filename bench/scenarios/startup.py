"""How soon a server answers, how long a hello server takes to compile, and how large it is."""

import re
import resource
import shutil
import subprocess
import time
from pathlib import Path

from driver import sides
from driver.http2 import Connection
from driver.processes import Failed
from driver.stats import Case, Metric, Scenario

STARTS = 10
ROOT = Path(__file__).parents[2]
HELLO = ROOT / "examples" / "hello"
# What a C++ program has anyway, and what both sides' messages and TLS need.
NOT_COUNTED = re.compile(r"/(ld-linux|libc|libm|libgcc_s|libstdc\+\+|libpthread|libdl|librt|libresolv|"
                         r"libprotobuf|libcrypto|libssl|libz)[.-]")

FIRST_ANSWER = Metric("first_answer", "ms to the first answer", 1, 1e3)
COMPILE = Metric("compile", "CPU s to compile", 2)
SIZE = Metric("size", "MB, stripped", 2, 1e-6)
LIBRARIES = Metric("libraries", "MB of libraries beside it", 2, 1e-6)


def _first_answer(bench, side):
    begun = time.perf_counter()
    with bench.start(side) as server:
        connection = Connection(server.port)
        connection.call(b"x" * 64)
        took = time.perf_counter() - begun
        connection.close()
    return took


def _start_up(bench, scenario):
    present = bench.present([sides.FLOOR, sides.WEFT, sides.ASYNC, sides.CALLBACK], scenario)
    case = Case("start-up", [FIRST_ANSWER], ["weft"], [FIRST_ANSWER])
    runs = {side.name: [] for side in present}
    for _ in range(max(2, int(STARTS * bench.scale))):
        for side in present:
            runs[side.name].append({"first_answer": _first_answer(bench, side)})
    for name, results in runs.items():
        case.add(name, results)
    scenario.cases.append(case)


def _run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-400:]}")
    return done.stdout


def _compile(folder, *sources):
    """CPU seconds that the compiler takes for the sources, one after the other and without a cache."""
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    for source in sources:
        _run("c++", "-std=c++20", "-O2", f"-I{folder}", f"-I{ROOT}", "-c", source, "-o",
              folder / f"{Path(source).stem}.o")
    return used() - before


def _hello(bench, name, plugin, generated, user):
    """A run that compiles a hello server: its generated service and the user's code."""
    folder = Path(bench.folder) / f"hello-{generated}"
    folder.mkdir(exist_ok=True)
    _run("protoc", f"--proto_path={HELLO}", f"--plugin=protoc-gen-{name}={plugin}", f"--cpp_out={folder}",
         f"--{name}_out={folder}", HELLO / "hello.proto")
    service = _compile(folder, folder / generated)
    own = _compile(folder, user)
    return {"compile": service + own, "service": service, "user": own,
            "messages": _compile(folder, folder / "hello.pb.cc")}


def _compile_times(bench, scenario):
    case = Case("compiling a hello server", [COMPILE, Metric("service", "generated service"),
                                             Metric("user", "user's code"),
                                             Metric("messages", "messages, besides")], ["weft"], [COMPILE])
    forms = {"weft": ("weft", bench.programs / "protoc-gen-weft", "hello.weft.cc", HELLO / "server.cc"),
             "gRPC": ("grpc", shutil.which("grpc_cpp_plugin"), "hello.grpc.pb.cc",
                      ROOT / "bench/peers/grpcpp_hello_server.cc")}
    runs = {name: [] for name in forms}
    for _ in range(bench.rounds):
        for name, form in list(forms.items()):
            try:
                if form[1] is None or not Path(form[1]).exists():
                    raise Failed(f"its plugin for protoc is missing ({form[0]})")
                runs[name].append(_hello(bench, *form))
            except Failed as failed:
                case.notes.append(f"{name}: {failed}")
                del forms[name]
    for name, results in runs.items():
        case.add(name, results)
    scenario.cases.append(case)


def _stripped(bench, program):
    copy = Path(bench.folder) / f"stripped-{program.name}"
    _run("strip", "-o", copy, program)
    return copy.stat().st_size


def _libraries(program):
    paths = re.findall(r"=> (/\S+)", _run("ldd", program))
    return sum(Path(path).resolve().stat().st_size for path in paths if not NOT_COUNTED.search(path))


def _sizes(bench, scenario):
    case = Case("size of a hello server", [SIZE, LIBRARIES], ["weft"], [SIZE])
    for name, program in (("weft", "hello_server"), ("gRPC", "bench_grpcpp_hello_server")):
        path = bench.programs / program
        if path.exists():
            case.add(name, [{"size": _stripped(bench, path), "libraries": _libraries(path)}])
        else:
            case.notes.append(f"{name} is left out: {program} was not built")
    case.notes.append("not counted: libc, libstdc++, libprotobuf, libssl, libcrypto, libz")
    scenario.cases.append(case)


def _clean_build(bench, scenario):
    """Library and tools from nothing, without a cache."""
    folder = Path(bench.folder) / "clean-build"
    shutil.rmtree(folder, ignore_errors=True)
    _run("cmake", "-S", ROOT, "-B", folder, "--preset", "release", "-DWEFT_BUILD_TESTS=OFF", "-DWEFT_BUILD_EXAMPLES=OFF",
         "-DWEFT_BUILD_INTEROP=OFF")
    begun = time.perf_counter()
    _run("env", "CCACHE_DISABLE=1", "cmake", "--build", folder, "--parallel", len(bench.all_cores))
    case = Case("clean build of the library and the tools", [Metric("minutes", "minutes", 1, 1 / 60)])
    case.add("weft", [{"minutes": time.perf_counter() - begun}])
    scenario.cases.append(case)


def run(bench):
    scenario = Scenario("I", "Start-up, compile time, size",
                        "From the start of the process to the answer of its first call; what a hello server takes to "
                        "compile (g++ -O2, one file at a time, CPU time), and how large it is.")
    _start_up(bench, scenario)
    if bench.compiles:
        _compile_times(bench, scenario)
    _sizes(bench, scenario)
    if bench.clean_build:
        _clean_build(bench, scenario)
    return scenario
