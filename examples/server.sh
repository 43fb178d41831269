# What the examples' scripts share: starting a server on a port that the system chooses, and stopping it.
# To be sourced. Sets `work`, a directory that is removed at the end, and after start_server `address`.

work=$(mktemp -d)
readonly work
server=
address=

# However a script ends, no server is left behind. A subshell that is killed right after its fork runs the trap of its
# parent, too.
cleanup() {
  [[ $BASHPID == "$$" ]] || return 0
  if [[ -n $server ]] && kill -KILL "$server" 2>/dev/null; then wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  [[ ! -s $work/server.log ]] || sed 's/^/server: /' "$work/server.log" >&2
  exit 1
}

# start_server COMMAND...: returns once its output says where it listens. Ten seconds are plenty.
start_server() {
  local tries
  : >"$work/server.log"  # there before the server is, for who reads it at once
  "$@" >"$work/server.log" 2>&1 &
  server=$!
  for ((tries = 0; tries < 200; ++tries)); do
    address=$(sed -n 's/.*listening on \([^ ]*\).*/\1/p' "$work/server.log" | head -n 1)
    [[ -z $address ]] || return 0
    kill -0 "$server" 2>/dev/null || fail "the server ended before it listened"
    sleep 0.05
  done
  fail "the server does not listen after ten seconds"
}

# Asks the server to end, and fails unless it exits with 0 within 20 seconds.
stop_server() {
  local status=0 watchdog
  kill -TERM "$server"
  # Quiet, and off our output: the sleep may outlive the script, and whoever reads that would wait for it.
  { sleep 20 && kill -KILL "$server"; } >/dev/null 2>&1 &
  watchdog=$!
  wait "$server" || status=$?
  kill "$watchdog" 2>/dev/null || true
  server=
  ((status == 0)) || fail "the server exited with status $status on SIGTERM"
}
