#!/bin/sh
# Installs spin and gcc, which check the model of the export (docs/proof), where they are missing and
# it may (root on Debian).
missing=
command -v spin >/dev/null 2>&1 || missing="spin"
command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
[ -n "$missing" ] || exit 0
hint="missing for the model: apt-get install $missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (it is skipped until then)" >&2
  exit 0
fi
echo "installing $missing for the model ..." >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086  # several words
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
exit 0
