#!/bin/sh
# Installs MariaDB's programs for the tests where they are missing and it may (root on Debian).
# The tests start a private server of their own; no system service is used.
PATH="$PATH:/usr/sbin:/sbin"
command -v mariadbd >/dev/null 2>&1 && exit 0
hint="MariaDB is missing: apt-get install mariadb-server"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (its tests are skipped until then)" >&2
  exit 0
fi
echo "installing mariadb-server for the tests ..." >&2
# A policy that says no keeps the package from starting a system service.
made=
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && made=1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update -qq && apt-get install -y -qq mariadb-server; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
[ -z "$made" ] || rm -f /usr/sbin/policy-rc.d
exit 0
