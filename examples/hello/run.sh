#!/usr/bin/env bash
# Runs the two programs against each other and checks what they say: run.sh BIN_DIR
set -euo pipefail

readonly bin=${1:?usage: run.sh BIN_DIR}
work=$(mktemp -d)
readonly work
server=

cleanup() {
  if [[ -n $server ]] && kill -KILL "$server" 2>/dev/null; then wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  printf 'hello: %s\n' "$*" >&2
  sed 's/^/server: /' "$work/server.log" >&2
  exit 1
}

"$bin/hello_server" 127.0.0.1:0 2>"$work/server.log" &
server=$!
address=
for ((tries = 0; tries < 200 && ${#address} == 0; ++tries)); do
  sleep 0.05
  address=$(sed -n 's/.*listening on \([^ ]*\).*/\1/p' "$work/server.log" | head -n 1)
done
[[ -n $address ]] || fail "the server does not listen after ten seconds"

answer=$(timeout 20 "$bin/hello_client" "$address" weft) || fail "the client exited with status $?"
[[ $answer == "Hello, weft" ]] || fail "the answer is '$answer'"
answer=$(timeout 20 "$bin/hello_client" "$address" "" 2>&1) && fail "a greeting without a name"
[[ $answer == *"INVALID_ARGUMENT: name is required"* ]] || fail "the error is '$answer'"

kill -TERM "$server"
wait "$server" || fail "the server exited with status $? on SIGTERM"
server=
