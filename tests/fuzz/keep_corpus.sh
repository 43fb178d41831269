#!/usr/bin/env bash
# Makes a small set of what the fuzzer has found and puts it beside the seeds of a target.
#
# usage: tests/fuzz/keep_corpus.sh PROGRAM FOUND_DIRECTORY...
#
# The fuzzer picks inputs that cover every edge between them; the larger 100 of those become
# tests/fuzz/corpus/TARGET/found-HASH. What has another name there was written by hand, or is a bug
# that was found, and stays.
set -euo pipefail

program=$(realpath "$1")
shift
target=$(basename "$program" _fuzz)
corpus=$(dirname "$0")/corpus/$target
cover=$(mktemp -d)
trap 'rm -rf "$cover"' EXIT

mkdir -p "$corpus"
"$program" -set_cover_merge=1 -use_counters=0 "$cover" "$@" 2>/dev/null
rm -f "$corpus"/found-*
find "$cover" -type f -printf '%s %f\n' | sort -rn | head -n 100 | while read -r _ name; do
  cp "$cover/$name" "$corpus/found-${name:0:12}"
done
printf '%s: %s files, %s bytes\n' "$target" "$(find "$corpus" -type f | wc -l)" \
  "$(find "$corpus" -type f -printf '%s\n' | awk '{n += $1} END {print n}')"
