#!/usr/bin/env bash
# Sets up whatever is missing to run the demo or the tests: deploy/setup.sh [demo|test]
#
# Decides what has to be installed, by looking at what is there. Everything that it writes lies below the checkout
# (.venv and var/), apart from packages of the distribution, which need root or sudo. It may be run again at any time: what
# is done is not done again, what was interrupted is begun anew. Messages go to stderr, details to var/setup/setup.log.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${1:-demo}
case $target in demo | test) ;; *) echo "usage: deploy/setup.sh [demo|test]" >&2; exit 2 ;; esac

setup=var/setup
log=$setup/setup.log
export PIP_CACHE_DIR=$PWD/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PLAYWRIGHT_BROWSERS_PATH=$PWD/var/browsers

. deploy/setup/steps.sh
. deploy/setup/packages.sh
. deploy/setup/python.sh
. deploy/setup/asterisk.sh

trap 'say "interrupted; run it again and it goes on"; exit 130' INT TERM HUP

mkdir -p "$setup"
[ -w "$setup" ] || fail "$PWD/$setup can't be written by $(id -un)"
exec 9>"$setup/lock"
flock -n 9 || { say "another set-up runs in this checkout; waiting for it"; flock 9; }

stamp=$(fingerprint deploy/setup.sh deploy/setup/*.sh requirements.lock pyproject.toml)
if [ "$(cat "$setup/$target.done" 2>/dev/null)" = "$stamp" ] && everything_is_there; then
    exit 0
fi

: >"$log"
say "setting up for 'make $target' (details: $log)"
install_packages
make_venv
find_asterisk
[ "$target" = demo ] || find_browser
everything_is_there || fail "something is still missing"
echo "$stamp" >"$setup/$target.done"
# Whoever can run the tests can run the demo.
[ "$target" = demo ] || cp "$setup/test.done" "$setup/demo.done"
say "ready after $SECONDS s"
