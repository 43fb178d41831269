#!/usr/bin/env bash
# Runs the program, calls it with the weft command, and checks that it drains on SIGTERM: run.sh BIN_DIR
set -euo pipefail
# shellcheck source=../server.sh
source "$(dirname "${BASH_SOURCE[0]}")/../server.sh"

readonly bin=${1:?usage: run.sh BIN_DIR}
start_server "$bin/own_io_context" 127.0.0.1:0
answer=$(timeout 20 "$bin/weft" call "$address" own.Echo/Say '{"value": "again"}') || fail "exit status $?"
[[ $answer == *again* ]] || fail "the answer is '$answer'"
stop_server
grep -q drained "$work/server.log" || fail "the server did not drain"
