#!/usr/bin/env bash
# Starts the calculator's server, calls it with the weft command, with the C++ clients and with Python's
# grpcio, shows each call with its answer, and stops the server: demo.sh BIN_DIR
#
# Exits 0 only if every answer was the expected one and the server drained and exited 0 on SIGTERM.
set -euo pipefail

readonly bin=${1:?usage: demo.sh BIN_DIR}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly python=/usr/bin/python3
# shellcheck source=../server.sh
source "$here/../server.sh"

# print_command COMMAND...: as one would type it.
print_command() {
  local word
  printf '\n$ %s' "${1##*/}"
  for word in "${@:2}"; do
    word=${word#"$here"/}
    if [[ $word == *[[:space:]{]* ]]; then word="'$word'"; fi
    printf ' %s' "$word"
  done
  printf '\n'
}

# show STATUS EXPECTED COMMAND...: runs it, prints what it says, and checks that and its exit status.
show() {
  local status=$1 expected=$2 got=0 output
  shift 2
  print_command "$@"
  output=$(timeout 20 "$@" 2>&1) || got=$?
  printf '%s\n' "$output"
  ((got == status)) || fail "exit status $got, expected $status"
  # White space is the printer's business.
  [[ ${output//[[:space:]]/} == *"${expected//[[:space:]]/}"* ]] || fail "expected '$expected' in the answer"
}

start_server "$bin/calculator_server" 127.0.0.1:0
echo "the calculator listens on $address"

weft() { show "$1" "$2" "$bin/weft" "${@:3}"; }
weft 0 calculator.Calculator list "$address"
weft 0 'rpc Divide' describe "$address" calculator.Calculator
weft 0 '{"value": 5}' call "$address" calculator.Calculator/Add '{"a": 2, "b": 3}'
weft 0 '{"value": -1}' call "$address" calculator.Calculator/Subtract '{"a": 2, "b": 3}'
weft 0 '{"value": 6}' call "$address" calculator.Calculator/Multiply '{"a": 2, "b": 3}'
weft 0 '{"value": 0.5}' call "$address" calculator.Calculator/Divide '{"a": 1, "b": 2}'
# INVALID_ARGUMENT is code 3, and the command exits with 64 more than the code.
weft 67 INVALID_ARGUMENT call "$address" calculator.Calculator/Divide '{"a": 1, "b": 0}'
weft 0 '{"value": 6}' call "$address" calculator.Calculator/Sum '{"value": 1} {"value": 2} {"value": 3}'
weft 0 '{"value": 8} {"value": 13}' call "$address" calculator.Calculator/Fibonacci '{"count": 8}'

show 0 'Fibonacci(12) = 0 1 1 2 3 5 8 13 21 34 55 89' "$bin/calculator_client" "$address"
show 0 'Fibonacci(10) = 0 1 1 2 3 5 8 13 21 34' "$bin/calculator_blocking_client" "$address"

protoc --proto_path="$here" --python_out="$work" calculator.proto
export PYTHONPATH=$work PYTHONDONTWRITEBYTECODE=1
show 0 'Sum(1 to 100) = 5050' "$python" "$here/client.py" "$address"

stop_server
printf '\nthe server drained and exited 0\n'
