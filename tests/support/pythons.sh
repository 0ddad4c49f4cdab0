#!/bin/sh
# Runs the suite under each of the given Pythons that is installed, in an environment such as `.venv-3.12` of its own;
# says which are not there, and fails where none is or a suite fails: `sh tests/support/pythons.sh python3.11 python3.12`.
# ARGS goes to pytest.
set -eu

status=0
ran=0
for python in "$@"; do
    # A name on PATH may be the stub of a version manager, which is there and does not run.
    if ! "$python" -c '' >/dev/null 2>&1; then
        echo "$python: not installed, its suite was not run" >&2
        continue
    fi
    venv=".venv-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet -c constraints.txt -e '.[test]'
    "$venv/bin/python" -VV
    # The rest is run all the same: which versions fail is what is asked.
    # shellcheck disable=SC2086 # a list of arguments
    "$venv/bin/python" -m pytest ${ARGS:-} || status=1
    ran=$((ran + 1))
done
[ "$ran" -gt 0 ] || { echo "none of these is installed: $*" >&2; exit 1; }
exit $status
