#!/usr/bin/env bash
# Fetches a page of a server of Python's: run.sh BIN_DIR PYTHON
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=../server.sh
source "$here/../server.sh"

readonly bin=${1:?usage: run.sh BIN_DIR PYTHON} python=${2:?usage: run.sh BIN_DIR PYTHON}
unset http_proxy https_proxy HTTPS_PROXY
start_server "$python" "$here/../../tests/http1_client/server.py"

page=$(timeout 20 "$bin/fetch" "http://$address/moved" 2>"$work/said") || fail "it exited with status $?"
[[ $page == hello ]] || fail "the page is '$page'"
[[ $(<"$work/said") == "http://$address/hello: 200 "* ]] || fail "it said '$(<"$work/said")'"
timeout 20 "$bin/fetch" "http://$address:1/" >/dev/null 2>"$work/said" && fail "a URL with two ports"
[[ $(<"$work/said") == INVALID_ARGUMENT:* ]] || fail "it said '$(<"$work/said")'"

timeout 20 "$bin/fetch" "http://$address/quit" 2>/dev/null
wait "$server" || fail "the server exited with status $?"
server=
