# One http address asked from the device. common.sh, probe.sh and place.sh stand before this text.

# Runs as the agent's account, behind PLACE. No proxy, no redirection, no user's settings; what comes back is bounded by
# the shell, as curl knows a size beforehand only where the server tells it, and wget knows no limit.
FETCH='
http_proxy= HTTP_PROXY= all_proxy= ALL_PROXY= WGETRC="$place/empty"
export http_proxy HTTP_PROXY all_proxy ALL_PROXY WGETRC
: >"$place/body"
: >"$place/said"
: >"$place/empty"
status=
case $tool in
curl)
status=`ulimit -f "$blocks"; curl -q -g -s -S --noproxy "*" --max-time "$seconds" -o "$place/body" -w "%{http_code}" "$url" 2>"$place/said" </dev/null`
code=$?
;;
*)
if wget --version >/dev/null 2>&1; then set -- -t 1 --max-redirect=0; else set --; fi
(ulimit -f "$blocks"; exec wget -q -T "$seconds" "$@" -O "$place/body" "$url" 2>"$place/said" </dev/null)
code=$?
;;
esac
set -- `wc -c <"$place/body"`
printf "%s\n" "code ${#code}" "$code" "status ${#status}" "$status" "body $1"
cat "$place/body"
echo
set -- `sed 3q "$place/said" | wc -c`
printf "%s\n" "said $1"
sed 3q "$place/said"
echo
'

# fetch USER VALUES: VALUES are assignments that FETCH reads.
fetch() {
  as_user "$1"
  rec as "$AS"
  if has curl; then tool=curl; elif has wget; then tool=wget; else return; fi
  rec tool "$tool"
  run_as "$1" "tool=$tool; $2$PLACE$FETCH" 2>/dev/null
}
