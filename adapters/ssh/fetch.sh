# Http addresses asked from the device. common.sh, probe.sh and place.sh stand before this text.

# Runs as the agent's account, behind PLACE, with the addresses as its arguments; six at once, so that a few that don't
# answer cost the time of one. No proxy, no redirection, no user's settings; what comes back is bounded by the shell, as
# curl knows a size beforehand only where the server tells it, and wget knows no limit. wget's time is per step, so a
# watch stands beside it. What the console has already (known: SHA-256 of contents) isn't sent again.
FETCH='
http_proxy= HTTP_PROXY= all_proxy= ALL_PROXY= WGETRC="$place/empty"
export http_proxy HTTP_PROXY all_proxy ALL_PROXY WGETRC
: >"$place/empty"
options=
if [ "$tool" = wget ] && wget --version >/dev/null 2>&1; then options="-t 1 --max-redirect=0"; fi
ask() {
status=
case $tool in
curl)
status=`ulimit -f "$blocks"; curl -q -g -s -S --noproxy "*" --max-time "$seconds" -o "$place/body.$1" -w "%{http_code}" "$2" 2>"$place/said.$1" </dev/null`
code=$?
;;
*)
(ulimit -f "$blocks"; exec wget -q -T "$seconds" $options -O "$place/body.$1" "$2" 2>"$place/said.$1" </dev/null) &
child=$!
(sleep "$seconds" & rest=$!; trap "kill $rest; exit" 15; wait $rest; kill $child) >/dev/null 2>&1 </dev/null &
watch=$!
wait $child
code=$?
kill $watch 2>/dev/null
;;
esac
echo "$code" >"$place/code.$1"
echo "$status" >"$place/status.$1"
}
count=0 asked=
for url
do
count=`expr $count + 1`
: >"$place/body.$count"
: >"$place/said.$count"
: >"$place/code.$count"
: >"$place/status.$count"
ask $count "$url" &
asked="$asked $!"
if [ `expr $count % 6` = 0 ]; then wait $asked; asked=; fi
done
if [ -n "$asked" ]; then wait $asked; fi
n=0
while [ $n -lt $count ]; do
n=`expr $n + 1`
code=`cat "$place/code.$n"` status=`cat "$place/status.$n"`
set -- `wc -c <"$place/body.$n"`
size=$1
same=
if [ -n "$known" ]; then
sum=`(sha256sum <"$place/body.$n" || shasum -a 256 <"$place/body.$n" || openssl dgst -sha256 <"$place/body.$n" || digest -a sha256 "$place/body.$n") 2>/dev/null | sed "s/.*= *//; s/[^0-9a-f].*//"`
case " $known " in
*" ${sum:-none} "*) : >"$place/body.$n"; size=0 same=$sum ;;
esac
fi
if [ "$size" -gt "$total" ]; then : >"$place/body.$n"; size=0 code=left; fi
total=`expr $total - $size`
printf "%s\n" "code.$n ${#code}" "$code" "status.$n ${#status}" "$status" "same.$n ${#same}" "$same" "body.$n $size"
cat "$place/body.$n"
echo
set -- `sed 3q "$place/said.$n" | wc -c`
printf "%s\n" "said.$n $1"
sed 3q "$place/said.$n"
echo
done
'

# fetch USER VALUES: VALUES are assignments that FETCH reads, and its arguments.
fetch() {
  as_user "$1"
  rec as "$AS"
  if has curl; then tool=curl; elif has wget; then tool=wget; else return; fi
  rec tool "$tool"
  run_as "$1" "tool=$tool; $2$PLACE$FETCH" 2>/dev/null
}
