#!/usr/bin/env bash
# Kills the program again and again while orders are taken and billed, and looks at the bill in the end: run.sh BIN_DIR
set -euo pipefail

readonly bin=${1:?usage: run.sh BIN_DIR}
readonly count=1000
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  [[ ! -s $work/output ]] || tail -n 20 "$work/output" >&2
  exit 1
}

# Of another length each time, so that it dies at other places.
for life in 0.15 0.30 0.22 0.41 0.18; do
  status=0
  # In a shell of its own, which does not say that it was killed.
  (timeout --signal=KILL "$life" "$bin/orders" "$work" "$count"; exit "$?") >>"$work/output" 2>&1 || status=$?
  ((status == 0 || status == 137)) || fail "the program exited with status $status"
done
answer=$(timeout 60 "$bin/orders" "$work" "$count" 2>>"$work/output") || fail "the program exited with status $?"
expected="billed $count orders, $((count * (count + 1) / 2)) cents"
[[ $answer == "$expected" ]] || fail "'$answer' instead of '$expected'"
