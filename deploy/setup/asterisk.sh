# Sourced by deploy/setup.sh: Asterisk 20 or newer, the distribution's or a private root file system.
#
# Debian 12 and 13 have no package of it, Ubuntu 22.04 has 18. There the private root is made of Debian sid or Ubuntu
# 24.04, from the mirror that this machine uses already. It lies in var/asterisk-root and is finished or absent: it is made
# under another name and renamed.

asterisk_root=var/asterisk-root
oldest_asterisk=20

# Which Asterisk would be run: "distribution", "private", or nothing.
asterisk_here() {
    if [ "$(major_version "$(asterisk -V 2>/dev/null)")" -ge $oldest_asterisk ]; then
        echo distribution
    elif [ -x $asterisk_root/usr/sbin/asterisk ]; then
        echo private
    fi
}

# "Asterisk 22.10.1~dfsg" or "1:20.6.0~dfsg" → 22, 20; 0 when there is no number.
major_version() {
    local number
    number=$(sed -E 's/^Asterisk //; s/^[0-9]+://; s/^([0-9]+).*/\1/; t; s/.*//' <<<"$1")
    echo "${number:-0}"
}

find_asterisk() {
    [ -z "$(asterisk_here)" ] || return 0
    local offered
    offered=$(LC_ALL=C apt-cache policy asterisk 2>/dev/null | sed -n 's/^ *Candidate: //p')
    if [ "$(major_version "$offered")" -ge $oldest_asterisk ]; then
        apt_install asterisk
    else
        make_asterisk_root
    fi
}

make_asterisk_root() {
    local own suite lines=() mirror
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(mirror_of "$own")
    [ -n "$mirror" ] || fail "apt's sources name no mirror for $own: Asterisk can't be fetched"
    if grep -qi '^ID=ubuntu' /etc/os-release; then
        suite=noble
        lines=("deb $mirror noble main universe" "deb $mirror noble-updates main universe")
    else
        suite=sid
        lines=("deb $mirror sid main")
    fi
    have mmdebstrap || apt_install mmdebstrap
    may_become_root || fail "root or sudo is needed once to make $asterisk_root"
    local unfinished=$asterisk_root.unfinished
    as_root rm -rf --one-file-system $unfinished
    step "fetching Asterisk into $asterisk_root ($suite, about 350 MB)" as_root mmdebstrap --variant=minbase --format=directory \
        --include=asterisk,asterisk-config,asterisk-modules \
        --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" $unfinished "${lines[@]}"
    # Names of this machine are looked up in files alone: an INVITE must not wait for the DNS.
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(hostname)" | as_root tee $unfinished/etc/hosts >/dev/null
    as_root sed -i 's/^hosts:.*/hosts: files/' $unfinished/etc/nsswitch.conf
    [ "$(id -u)" = 0 ] || as_root chown -R "$(id -u):$(id -g)" $unfinished
    [ -x $unfinished/usr/sbin/asterisk ] || fail "no Asterisk is in $unfinished"
    mv -T $unfinished $asterisk_root
}

# The first mirror that apt uses for a release; apt knows both forms of its sources, *.list and *.sources.
mirror_of() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
        awk -v release="$1" '$2 == release && $1 ~ /^(https?|ftp|file|copy):/ {print $1; exit}'
}
