# Sourced by deploy/setup.sh: packages of the distribution (Debian 12/13, Ubuntu 22.04/24.04).

# What has to be callable; A|B means that either will do. Asterisk is looked after in asterisk.sh.
programs_needed() { echo 'redis-server|valkey-server' bwrap ffmpeg setpriv flock; }

# The package that brings a program, where its name differs.
package_of() {
    case $1 in
    'redis-server|valkey-server') echo redis-server ;;
    bwrap) echo bubblewrap ;;
    setpriv | flock) echo util-linux ;;
    *) echo "$1" ;;
    esac
}

install_packages() {
    local missing=() program
    for program in $(programs_needed); do
        have "$program" || missing+=("$(package_of "$program")")
    done
    [ -n "$(python_here)" ] || missing+=($(python_packages))
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

# apt_install PACKAGE…: none of them may start a server of its own: ours are private.
apt_install() {
    command -v apt-get >/dev/null || fail "this is neither Debian nor Ubuntu: install $*, then run this again"
    may_become_root || fail "root or sudo is needed once for: apt-get install $*"
    local package new_servers=()
    for package in "$@"; do
        case $package in
        redis-server | valkey-server | asterisk)
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || new_servers+=("$package")
            ;;
        esac
    done
    refresh_package_lists
    for package in "${new_servers[@]}"; do keep_from_starting "$package"; done
    step "installing $*" as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
    for package in "${new_servers[@]}"; do leave_stopped "$package"; done
}

refresh_package_lists() {
    [ -z "${lists_are_fresh:-}" ] || return 0
    step "asking the mirror what there is" as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    lists_are_fresh=yes
}

has_systemd() { [ -d /run/systemd/system ]; }

# Masked in /run only: were we killed here, the next start of the machine forgets it.
keep_from_starting() {
    ! has_systemd || as_root systemctl mask --runtime --quiet "$1.service" >>"$log" 2>&1 || true
}

leave_stopped() {
    if has_systemd; then
        as_root systemctl unmask --runtime --quiet "$1.service" >>"$log" 2>&1 || true
        as_root systemctl disable --now --quiet "$1.service" >>"$log" 2>&1 || true
    elif [ -x "/etc/init.d/$1" ]; then
        as_root "/etc/init.d/$1" stop >>"$log" 2>&1 || true
    fi
}

browser_here() {
    [ -n "$(browser_program)" ] || ls "$PLAYWRIGHT_BROWSERS_PATH"/chromium-*/INSTALLATION_COMPLETE >/dev/null 2>&1
}

# On Ubuntu the package is a stub that asks for snap, which has no place in a container.
browser_program() {
    local path
    path=$(command -v chromium) || return 0
    [ ! -L "$path" ] && grep -q snap <(head -c 2000 "$path" | tr -d '\0') || echo "$path"
}

find_browser() {
    browser_here && return
    if ! grep -qi '^ID=ubuntu' /etc/os-release; then
        apt_install chromium
    fi
    browser_here && return
    may_become_root || fail "root or sudo is needed once for Chromium's libraries"
    say "if Chromium can't be fetched from Playwright's servers: any 'chromium' in PATH will do"
    step "fetching Chromium" .venv/bin/python -m playwright install --with-deps chromium
}
