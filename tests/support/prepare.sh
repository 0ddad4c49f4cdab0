#!/bin/sh
# Installs what the tests use beside Python, from Debian's packages: Chromium for the pages, GDAL's tools as another
# program that reads and writes the formats, PostGIS as another that measures. Without root, or on another system,
# nothing is installed and the tests that need a missing program are skipped by its name (never under CI=true).
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v ogr2ogr >/dev/null 2>&1 || missing="$missing gdal-bin"
ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || missing="$missing postgresql postgis postgresql-postgis"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, being no root on Debian:$missing; tests that need them are skipped" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of packages
apt-get install -q -y --no-install-recommends $missing
