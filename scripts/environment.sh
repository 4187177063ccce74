#!/bin/sh
# Build the project's virtual environment, or leave it alone when it is complete and up to date.
#
#   scripts/environment.sh user|dev [folder]         user: palate and its plots; dev: the tools and tests on top
#   scripts/environment.sh with X.Y folder package.. a fresh environment of that Python with these packages, for .ci/run
#   scripts/environment.sh versions                  print the supported versions, newest first
#
# Needs only a POSIX shell and Python. Uses uv when it is there, else venv and pip.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd -P)

fail() {
    echo "palate: $*" >&2
    exit 1
}

# The one list of supported versions is in pyproject.toml; the newest stands last there and first here.
versions() {
    sed -n 's/^ *"Programming Language :: Python :: \(3\.[0-9][0-9]*\)",*$/\1/p' pyproject.toml | sort -t. -k2,2nr
}

# A command may exist and still not run (a shim whose version is not active), so ask it for its version.
runs() {
    "$1" -V >/dev/null 2>&1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

makes_environments() {
    [ -n "$uv" ] || "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# An activated environment puts its own python first on PATH. It may be the one that is about to be replaced.
outside_environments() {
    "$1" -c 'import sys; print(sys._base_executable if sys.prefix != sys.base_prefix else sys.argv[1])' "$1"
}

find_uv() {
    if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
        uv=uv
    else
        uv=
    fi
}

# Set python to the newest supported one that can make an environment.
find_python() {
    bare=
    for candidate in $(versions | sed 's/^/python/') python3 python; do
        if runs "$candidate" && is_new_enough "$candidate"; then
            if makes_environments "$candidate"; then
                python=$(outside_environments "$candidate")
                return
            fi
            [ -n "$bare" ] || bare=$candidate
        fi
    done
    [ -z "$bare" ] || fail_without_venv "$bare"
    fail "Python 3.11 or newer must be on PATH; found $(python3 -V 2>/dev/null || echo none)."
}

fail_without_venv() {
    name=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])' 2>/dev/null || echo python3-venv)
    fail "$1 cannot make virtual environments; install the package python3-venv (or $name) and run make again."
}

# What a complete environment was made from: the place (its scripts hold absolute paths) and pyproject.toml.
recipe() {
    echo "$root"
    cat pyproject.toml
}

is_complete() {
    [ -f "$folder/.complete-$1" ] && recipe | cmp -s - "$folder/.complete-$1" && runs "$folder/bin/python"
}

create() {
    echo "making $folder with $("$python" -V)${uv:+ and uv}"
    rm -f "$folder"/.complete-* # first: an interrupted removal must not look complete
    rm -rf "$folder"
    if [ -n "$uv" ]; then
        uv venv --quiet --no-project --python "$python" "$folder"
    elif ! report=$("$python" -m venv "$folder" 2>&1); then
        rm -rf "$folder"
        case $report in
        *ensurepip* | *python3*-venv* | *"No module named venv"*) fail_without_venv "$python" ;;
        *) fail "$python -m venv $folder failed: $(printf '%s\n' "$report" | tail -n 1)" ;;
        esac
    fi
}

install() {
    echo "installing $*"
    if [ -n "$uv" ]; then
        uv pip install --quiet --python "$folder/bin/python" "$@"
    else
        # Python compiles a module when it is first imported. The tests import a small part of what they install.
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"
    fi
}

prepare() {
    if ! is_complete user; then
        find_python
        create
        if [ "$1" = user ]; then
            install --editable '.[plots]'
        else # dev includes what a user needs
            install_for_dev
        fi
        recipe >"$folder/.complete-user"
    elif [ "$1" = dev ] && ! is_complete dev; then
        install_for_dev
    fi
}

install_for_dev() {
    # uv makes environments without pip, which only uv can then fill.
    [ -n "$uv" ] || "$folder/bin/python" -m pip --version >/dev/null 2>&1 || "$folder/bin/python" -m ensurepip >/dev/null
    install --editable '.[dev]'
    recipe >"$folder/.complete-dev"
}

export UV_PYTHON_DOWNLOADS=never
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH || true
find_uv
case ${1-} in
user | dev)
    folder=${2-.venv}
    prepare "$1"
    ;;
with)
    runs "python$2" || fail "python$2 does not run here."
    python=$(outside_environments "python$2")
    folder=$3
    makes_environments "$python" || fail_without_venv "python$2"
    create
    shift 3
    install "$@"
    ;;
versions) versions ;;
*) fail "usage: scripts/environment.sh user|dev [folder], with X.Y folder package.., or versions" ;;
esac
