#!/bin/sh
# Installs Chromium for the tests of the console where it is missing and it may (root on Debian).
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
hint="missing for some tests: apt-get install chromium"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (they are skipped until then)" >&2
  exit 0
fi
echo "installing chromium for the tests ..." >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
exit 0
