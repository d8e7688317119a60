# PLACE makes $place, a private directory of the account that runs it; it goes when the shell ends, however it ends.
# mkdir neither takes over what is there nor follows a link. asked: background jobs that write there; they end first.
# Old Bourne shell only: sudo may choose /bin/sh.
PLACE='
umask 077
n=0 place= asked=
while [ $n -lt 20 ]; do
place=${TMPDIR:-/tmp}/mtls-console.$$.$n
if mkdir "$place" 2>/dev/null; then break; fi
n=`expr $n + 1` place=
done
if [ -z "$place" ]; then printf "%s\n" "mtls-none ${TMPDIR:-/tmp}"; exit; fi
trap "if [ -n \"\$asked\" ]; then kill \$asked; wait \$asked; fi; rm -f \"\$place/chain.pem\" \"\$place/empty\" \"\$place\"/body.* \"\$place\"/said.* \"\$place\"/code.* \"\$place\"/status.*; rmdir \"\$place\"" 0
trap "exit 1" 1 2 13 15
'
