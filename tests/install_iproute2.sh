#!/bin/sh
# Installs iproute2, which makes the network namespaces of `make hosts`, where it is missing and it
# may (root on Debian).
PATH="$PATH:/usr/sbin:/sbin"
command -v ip >/dev/null 2>&1 && exit 0
hint="missing for hosts in network namespaces: apt-get install iproute2"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (they are skipped until then)" >&2
  exit 0
fi
echo "installing iproute2 for the tests ..." >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends iproute2; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
exit 0
