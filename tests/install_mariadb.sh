#!/bin/sh
# Installs MariaDB's programs, Galera and systemd's (which checks the units) for the tests where they
# are missing and it may (root on Debian). The tests start private servers of their own; no system
# service is used.
PATH="$PATH:/usr/sbin:/sbin"
missing=
command -v mariadbd >/dev/null 2>&1 || missing="mariadb-server"
[ -e /usr/lib/galera/libgalera_smm.so ] || [ -e /usr/lib64/galera-4/libgalera_smm.so ] ||
  missing="$missing galera-4"
command -v rsync >/dev/null 2>&1 || missing="$missing rsync"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
[ -n "$missing" ] || exit 0
hint="missing for some tests: apt-get install $missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (they are skipped until then)" >&2
  exit 0
fi
echo "installing $missing for the tests ..." >&2
# A policy that says no keeps the package from starting a system service.
made=
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && made=1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086  # several words
{ apt-get update -qq && apt-get install -y -qq $missing; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
[ -z "$made" ] || rm -f /usr/sbin/policy-rc.d
exit 0
