# Sourced by deploy/setup.sh: how a step says what it does, and how it fails.

say() { echo "==> $*" >&2; }

fail() {
    echo "setup: $*" >&2
    exit 1
}

# step WHAT COMMAND…: runs it with its output in the log; a failure shows the end of it.
step() {
    local what=$1 began=$SECONDS
    shift
    say "$what …"
    echo "### $what: $*" >>"$log"
    if ! "$@" >>"$log" 2>&1 9>&-; then
        tail -n 15 "$log" | sed 's/^/    /' >&2
        fail "$what failed (all of it: $log)"
    fi
    say "$what: done ($((SECONDS - began)) s)"
}

fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }

# as_root COMMAND…: as root, with sudo where we are not.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        return 126
    fi
}

# Asked before a command whose output goes to the log, where nobody would see the question for a password.
may_become_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -v; }
}

everything_is_there() {
    local program
    for program in $(programs_needed); do
        have "$program" || return 1
    done
    [ -x .venv/bin/dialer ] && [ -n "$(asterisk_here)" ] && { [ "$target" = demo ] || browser_here; }
}

# have A|B: whether one of the programs is installed.
have() {
    local name
    for name in ${1//|/ }; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}
