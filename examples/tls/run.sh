#!/usr/bin/env bash
# Runs the two programs against each other and checks what they say: run.sh BIN_DIR
set -euo pipefail
# shellcheck source=../server.sh
source "$(dirname "${BASH_SOURCE[0]}")/../server.sh"

readonly bin=${1:?usage: run.sh BIN_DIR}
"$(dirname "${BASH_SOURCE[0]}")/make_certificates.sh" "$work/certs"
start_server "$bin/tls_server" 127.0.0.1:0 "$work/certs"

# expect TEXT COMMAND...: the output of the command, which may fail, has the text.
expect() {
  local text=$1 answer
  shift
  answer=$(timeout 30 "$@" 2>&1) || true
  [[ $answer == *"$text"* ]] || fail "expected '$text' of '$*', got '$answer'"
}

expect "spiffe://example.org/reader has what is in the box" "$bin/tls_client" "$address" "$work/certs" reader
expect "PERMISSION_DENIED: 'CN=guest" "$bin/tls_client" "$address" "$work/certs" guest
expect "requires a client certificate" "$bin/tls_client" "$address" "$work/certs"

# The weft command, where it is built.
if [[ -x $bin/weft ]]; then
  readonly me=(--cacert "$work/certs/ca.pem" --cert "$work/certs/reader.pem" --key "$work/certs/reader.key")
  expect '"openedBy":"spiffe://example.org/reader"' "$bin/weft" call "$address" vault.Vault/Open '{"name": "it"}' "${me[@]}"
  expect 'no problem found' "$bin/weft" doctor "$address" "${me[@]}"
  expect 'the server speaks TLS on this port' "$bin/weft" doctor "$address"
fi

stop_server
