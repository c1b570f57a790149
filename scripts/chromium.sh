#!/usr/bin/env bash
# Prints where Chromium is: $CHROMIUM, one that is installed, or, for root on a machine with apt, one that is installed now.
set -euo pipefail

find_it() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && command -v "$name" && return 0
    done
    return 1
}

find_it && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'chromium: installing' >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null
    find_it && exit 0
fi
echo 'error: no Chromium: install it, or set CHROMIUM to its path' >&2
exit 1
