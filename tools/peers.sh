#!/bin/sh
# Installs every Debian package that the interop, end-to-end and benchmark runs talk to. Idempotent: when all are there it
# does nothing but say so; the package lists are only fetched when something is missing and the lists at hand cannot give it.
#   kamailio*             the other domain of the trapezoid, and the benchmark's peer
#   sip-tester            SIPp: phones by the hundred over UDP and TCP (Debian builds it without TLS)
#   linphone-cli          another phone with real media
#   baresip               a phone with real media over UDP, TCP and TLS
#   coturn                a TURN server and its test client, and the benchmark's peer
#   rtpengine-daemon      the other media relay (userspace), and the benchmark's peer
#   chromium firefox-esr  browsers for JsSIP, SIP.js and our own page
#   prosody ejabberd      XMPP servers: the benchmark's peers
#   python3-slixmpp       an XMPP client over TCP; python3-aiohttp: what it uploads files by
#   postgresql            the other store
#   iproute2 iptables     a network behind a NAT, in namespaces of its own
#   ffmpeg openssl        tones and their check; certificates
#   libnss3-tools         certutil, which tells browsers of a test authority
set -eu

packages="
kamailio
kamailio-autheph-modules
kamailio-extra-modules
kamailio-outbound-modules
kamailio-tls-modules
kamailio-websocket-modules
sip-tester
baresip
linphone-cli
coturn
prosody
ejabberd
python3-aiohttp
python3-slixmpp
postgresql
rtpengine-daemon
chromium
firefox-esr
ffmpeg
iproute2
iptables
openssl
libnss3-tools
procps
util-linux
"

missing=""
for package in $packages; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done

if [ -z "$missing" ]; then
  echo "peers: all installed"
  exit 0
fi

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
echo "peers: installing$missing"

# A service that starts by itself would take port 5060: a policy of "do not start" holds while apt runs.
policy=/usr/sbin/policy-rc.d
made_policy=""
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod +x "$policy"
  made_policy=yes
fi
trap '[ -z "$made_policy" ] || $as_root rm -f "$policy"' EXIT

install() {
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

install || { $as_root apt-get update -q && install; }
echo "peers: installed"
