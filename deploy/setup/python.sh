# Sourced by deploy/setup.sh: Python 3.11 to 3.13 and the virtual environment .venv.

# The distribution's own Python first, if it is new enough and can make virtual environments.
python_here() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
}

# Ubuntu 22.04's python3 is 3.10; there 3.11 is a package of its own.
python_packages() {
    if [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = jammy ]; then
        echo python3.11 python3.11-venv
    else
        echo python3 python3-venv
    fi
}

make_venv() {
    local wanted
    wanted=$(fingerprint requirements.lock pyproject.toml deploy/setup/python.sh deploy/setup/pip.txt)
    if .venv/bin/python -c '' 2>/dev/null && [ "$(cat .venv/setup.done 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        rm -rf .venv
        step "making .venv with $("$(python_here)" --version)" "$(python_here)" -m venv .venv
    fi
    rm -f .venv/setup.done
    if .venv/bin/python -c 'import sys; sys.exit(sys.version_info.releaselevel == "final")'; then
        step "renewing pip" .venv/bin/python -m pip install --quiet --require-hashes -r deploy/setup/pip.txt
    fi
    step "installing Python packages" .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
    step "installing tsunagu into .venv" .venv/bin/python -m pip install --quiet --no-deps --editable .
    echo "$wanted" >.venv/setup.done
}
