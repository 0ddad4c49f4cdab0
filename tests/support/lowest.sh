#!/bin/sh
# Runs tests with the lowest versions that pyproject.toml allows, in an environment `.venv-lowest` of its own, under the
# oldest Python that it allows: the oldest releases have no wheels for newer ones. Where that Python is not installed
# it says so and runs nothing (never under CI=true): `sh tests/support/lowest.sh tests/lengths`.
set -eu

oldest=$(sed -n 's/^requires-python = ">=\(.*\)"$/\1/p' pyproject.toml)
for python in .venv/bin/python "python$oldest" ""; do
    [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$oldest" ] || break
done
if [ -z "$python" ]; then
    echo "Python $oldest is not installed: the lowest versions of the libraries were not tried" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi

venv=.venv-lowest
if [ -n "$(find pyproject.toml constraints.txt tests/support/lowest.py -newer $venv/.tested 2>/dev/null)" ] || [ ! -f $venv/.tested ]; then
    [ -x $venv/bin/python ] || "$python" -m venv $venv
    .venv/bin/python tests/support/lowest.py >$venv/constraints.txt
    $venv/bin/python -m pip install --quiet -c $venv/constraints.txt -e '.[test]'
    touch $venv/.tested
fi
# The warnings of old releases are not ours.
exec $venv/bin/python -m pytest -W default "$@"
