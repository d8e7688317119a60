# Http addresses asked from the device. common.sh, probe.sh and place.sh stand before this text.

# Runs as the agent's account, behind PLACE; its arguments are pairs, a limit (in blocks of ulimit) and an address. Six
# at once, so that a few that don't answer cost the time of one; what came is told and removed before the next six, so
# that there is never more on the disk. No proxy, no redirection, no user's settings; what comes back is bounded by the
# shell, as curl knows a size beforehand only where the server tells it, and wget knows no limit. wget's time is per
# step, so a watch stands beside it. To connect takes longer than a resolver's first server that is dead (5 s). What the
# console has already (known: SHA-256 of contents) isn't sent again.
FETCH='
http_proxy= HTTP_PROXY= all_proxy= ALL_PROXY= WGETRC="$place/empty"
export http_proxy HTTP_PROXY all_proxy ALL_PROXY WGETRC
: >"$place/empty"
options=
if [ "$tool" = wget ] && wget --version >/dev/null 2>&1; then options="-t 1 --max-redirect=0 --connect-timeout=6"; fi
ask() {
child= watch=
trap "kill -9 \$child \$watch; wait \$child; exit" 15
case $tool in
curl)
(ulimit -f "$2"; exec curl -q -g -s -S --noproxy "*" --connect-timeout 6 --max-time "$seconds" -o "$place/body.$1" -w "%{http_code}" "$3" >"$place/status.$1" 2>"$place/said.$1" </dev/null) &
child=$!
;;
*)
(ulimit -f "$2"; exec wget -q -T "$seconds" $options -O "$place/body.$1" "$3" 2>"$place/said.$1" </dev/null) &
child=$!
(i=0; while [ $i -lt "$seconds" ]; do sleep 1; i=`expr $i + 1`; done; kill $child) >/dev/null 2>&1 </dev/null &
watch=$!
;;
esac
wait $child
code=$?
if [ -n "$watch" ]; then kill -9 $watch 2>/dev/null; fi
echo "$code" >"$place/code.$1"
}
count=0 n=0
while [ $# -gt 0 ]; do
count=`expr $count + 1`
: >"$place/body.$count"
: >"$place/said.$count"
: >"$place/code.$count"
: >"$place/status.$count"
ask $count "$1" "$2" &
asked="$asked $!"
shift
shift
if [ $# -gt 0 ] && [ `expr $count % 6` != 0 ]; then continue; fi
wait $asked
asked=
while [ $n -lt $count ]; do
n=`expr $n + 1`
code=`cat "$place/code.$n"` status=`cat "$place/status.$n"` same= sum=
case $tool.$code.$status in
curl.0.200 | wget.0.*) ;;
*) : >"$place/body.$n" ;;
esac
if [ -n "$known" ] && [ -s "$place/body.$n" ]; then
sum=`(sha256sum <"$place/body.$n" || shasum -a 256 <"$place/body.$n" || openssl dgst -sha256 <"$place/body.$n" || digest -a sha256 "$place/body.$n") 2>/dev/null | sed "s/.*= *//; s/[^0-9a-f].*//"`
case " $known " in
*" ${sum:-none} "*) : >"$place/body.$n"; same=$sum ;;
esac
fi
size=`wc -c <"$place/body.$n"`
size=`expr $size + 0`
if [ "$size" -gt "$total" ]; then : >"$place/body.$n"; size=0 code=left; fi
total=`expr $total - $size`
printf "%s\n" "code.$n ${#code}" "$code" "status.$n ${#status}" "$status" "same.$n ${#same}" "$same" "body.$n $size"
cat "$place/body.$n"
echo
words=`sed 3q "$place/said.$n" | wc -c`
printf "%s\n" "said.$n `expr $words + 0`"
sed 3q "$place/said.$n"
echo
rm -f "$place/body.$n" "$place/said.$n" "$place/code.$n" "$place/status.$n"
done
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
