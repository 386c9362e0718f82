#!/usr/bin/env bash
# Install Chromium for the tests that open pages of the report, from Debian, unless a browser exists. Without apt, these tests are skipped.
set -euo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    [ -z "$(type -P "$name")" ] || exit 0
done
if [ -z "$(type -P apt-get)" ]; then
    echo "[set-up] no Chromium on PATH: tests of pages in a browser will be skipped"
    exit 0
fi
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
echo "[set-up] Chromium, by apt (for tests of pages)"
export DEBIAN_FRONTEND=noninteractive
install="apt-get -qq -o DPkg::Lock::Timeout=900 -o Acquire::Retries=3 install --yes --no-install-recommends chromium"
as_root $install >/dev/null 2>&1 || { as_root apt-get -qq update && as_root $install >/dev/null; }
