#!/usr/bin/env bash
# Runs the two programs against each other and checks what they say: run.sh BIN_DIR
set -euo pipefail
# shellcheck source=../server.sh
source "$(dirname "${BASH_SOURCE[0]}")/../server.sh"

readonly bin=${1:?usage: run.sh BIN_DIR}
start_server "$bin/hello_server" 127.0.0.1:0

answer=$(timeout 20 "$bin/hello_client" "$address" weft) || fail "the client exited with status $?"
[[ $answer == "Hello, weft" ]] || fail "the answer is '$answer'"
answer=$(timeout 20 "$bin/hello_client" "$address" "" 2>&1) && fail "a greeting without a name"
[[ $answer == *"INVALID_ARGUMENT: name is required"* ]] || fail "the error is '$answer'"

stop_server
