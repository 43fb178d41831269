#!/usr/bin/env bash
# A small fleet in trouble: demo.sh BIN_DIR [--stay]
#
# Starts a registry, three instances and a client that makes 200 calls a second and says who answered; then kills one
# instance, freezes another, drains the third, and starts new ones. Exits 0 only if no call has failed and every
# instance was found. All have metrics at the addresses it prints; with --stay the fleet goes on until Ctrl-C.
set -euo pipefail

readonly bin=${1:?usage: demo.sh BIN_DIR [--stay]}
readonly stay=${2:-}
[[ -z $stay || $stay == --stay ]] || { printf 'demo.sh: no such option: %s\n' "$stay" >&2; exit 2; }
work=$(mktemp -d)
readonly work
declare -A pids=()
shown=0

cleanup() {
  local name
  for name in "${!pids[@]}"; do end KILL "$name"; done
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  printf 'demo.sh: %s\n' "$*" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

# start NAME COMMAND...: in the background, with a log of its own.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids[$name]=$!
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
  local seconds=$1 what=$2 tries
  shift 2
  for ((tries = 0; tries < seconds * 20; ++tries)); do
    if "$@"; then return 0; fi
    sleep 0.05
  done
  fail "$what: not within $seconds seconds"
}

says() { grep -qs -- "$2" "$work/$1.log"; }
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# What the client has said since the last time.
show_client() {
  tail -n "+$((shown + 1))" "$work/client.log" >"$work/news"
  shown=$((shown + $(wc -l <"$work/news")))
  cat "$work/news"
}

# In the last second that the client tells of, who answered is exactly WHO (a sorted list of names).
answered() {
  local names
  names=$(tail -n 1 "$work/client.log" | sed -n 's/.*failed; //p' | sed 's/ [0-9][0-9]*//g')
  [[ $names == "$1" ]]
}
await_answers() { await "$1" "only $2 answer" answered "$2"; show_client; }

instance() { start "$1" "$bin/fleet_server" "$1" "$target"; }
# Where a program has its metrics.
metrics() { printf 'http://%s/metrics' "$(sed -n 's/.*admin port on \([^ ]*\): .*/\1/p' "$work/$1.log" | head -n 1)"; }
# end SIGNAL NAME: sends it, and waits for the end; the shell is not to say that something was killed.
end() {
  { kill "-$1" "${pids[$2]}" && wait "${pids[$2]}" || true; } 2>/dev/null
  unset "pids[$2]"
}

start registry "$bin/weft" registry --listen 127.0.0.1:0 --data "$work/registry"
await 10 'the registry listens' says registry 'listening on'
address=$(sed -n 's/.*listening on \([^ ]*\).*/\1/p' "$work/registry.log" | head -n 1)
readonly address target="weft://$address/adder"
say "a registry on $address, and three instances that announce themselves as $target"
for name in one two three; do instance "$name"; done
start client "$bin/fleet_client" "$target"
await_answers 10 'one three two'
"$bin/weft" registry list "$address"
printf 'metrics of the client: %s, of instance one: %s\n' "$(metrics client)" "$(metrics one)"

say 'kill -KILL: instance two is gone without a word'
end KILL two
await_answers 10 'one three'

say 'a new instance: four'
instance four
await_answers 10 'four one three'

say 'kill -STOP: instance one is there and does not answer'
kill -STOP "${pids[one]}"
await_answers 20 'four three'

say 'kill -TERM: instance three drains and leaves'
end TERM three
await_answers 10 'four'

say 'the registry is killed; what was found stays in use'
end KILL registry
sleep 1
await_answers 10 'four'

say 'the registry is back with what it knew, and five comes'
start registry "$bin/weft" registry --listen "$address" --data "$work/registry"
await 10 'the registry listens' says registry 'listening on'
instance five
await_answers 30 'five four'

say 'kill -CONT: instance one goes on where it was'
kill -CONT "${pids[one]}"
await_answers 30 'five four one'
"$bin/weft" registry list "$address"

if [[ $stay == --stay ]]; then
  say 'the fleet goes on until Ctrl-C; its metrics:'
  for name in client one four five; do printf '  %-7s%s\n' "$name" "$(metrics "$name")"; done
  trap 'exit 0' INT TERM
  while sleep 1; do show_client; done
fi
kill -TERM "${pids[client]}"
status=0
wait "${pids[client]}" || status=$?
unset 'pids[client]'
show_client
((status == 0)) || fail "the client exited with $status"
say 'no call has failed'
