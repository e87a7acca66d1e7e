#!/bin/sh
# Installs podman and what it needs for the container tests where they are missing and it may (root on
# Debian). The tests make the images they start from out of Debian packages; no registry of images is
# asked.
PATH="$PATH:/usr/sbin:/sbin"
missing=
command -v podman >/dev/null 2>&1 || missing="podman"
command -v runc >/dev/null 2>&1 || missing="$missing runc"
command -v iptables >/dev/null 2>&1 || missing="$missing iptables"
[ -e /usr/lib/podman/netavark ] || missing="$missing netavark"
[ -e /usr/lib/podman/aardvark-dns ] || missing="$missing aardvark-dns"
command -v mmdebstrap >/dev/null 2>&1 || missing="$missing mmdebstrap"
[ -n "$missing" ] || exit 0
hint="missing for the container tests: apt-get install $missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "$hint  (they are skipped until then)" >&2
  exit 0
fi
echo "installing $missing for the tests ..." >&2
# A policy that says no keeps the packages from starting a system service.
made=
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && made=1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086  # several words
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 || {
  tail -5 "$log" >&2
  echo "$hint" >&2
}
rm -f "$log"
[ -z "$made" ] || rm -f /usr/sbin/policy-rc.d
exit 0
