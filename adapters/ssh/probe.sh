# One live handshake. common.sh stands before this text.

# as_user USER: AS is how "sh -c TEXT" becomes that account's: a program, "same", or "none" where it can't.
as_user() {
  AS=none
  if [ -z "$1" ] || [ "$(id -un 2>/dev/null)" = "$1" ]; then AS=same; return; fi
  uid=$(id -u "$1" 2>/dev/null) gid=$(id -g "$1" 2>/dev/null)
  if [ -z "$uid" ] || [ -z "$gid" ]; then return; fi
  if [ "$(id -u)" = 0 ]; then
    if has setpriv && setpriv --reuid="$uid" --regid="$gid" --init-groups true 2>/dev/null; then AS=setpriv
    elif has runuser && runuser -u "$1" -- true 2>/dev/null; then AS=runuser
    elif has su && su -s /bin/sh "$1" -c true </dev/null >/dev/null 2>&1; then AS='su -s'
    elif has su && su "$1" -c true </dev/null >/dev/null 2>&1; then AS=su
    fi
  elif has sudo && sudo -n -u "$1" true </dev/null >/dev/null 2>&1; then AS=sudo
  fi
}

# run_as USER TEXT
run_as() {
  case $AS in
    setpriv) setpriv --reuid="$uid" --regid="$gid" --init-groups sh -c "$2" ;;
    runuser) runuser -u "$1" -- sh -c "$2" ;;
    'su -s') su -s /bin/sh "$1" -c "$2" ;;
    su) su "$1" -c "$2" ;;
    sudo) sudo -n -u "$1" sh -c "$2" ;;
    *) sh -c "$2" ;;
  esac
}

zeros() {
  if [ "$1" -ge 1024 ]; then dd if=/dev/zero bs=1024 count=$(($1 / 1024)) 2>/dev/null; fi
  if [ $(($1 % 1024)) -gt 0 ]; then dd if=/dev/zero bs=$(($1 % 1024)) count=1 2>/dev/null; fi
}

# What a server makes a tool print is bounded here already.
bounded() {
  cut -c1-400 | awk 'NR <= 400 { print; next } { last[NR % 40] = $0 } END { for (i = NR - 39; i <= NR; i++) if (i > 400) print last[i % 40] }'
}

# far_enough: the natural attempt wasn't stopped before the two ends spoke (curl's exit codes for the name, the
# connection, the time, the device's own files and its trust), so that further ones may end otherwise.
far_enough() {
  case $natural in
    *'mtls-rc 5' | *'mtls-rc 6' | *'mtls-rc 7' | *'mtls-rc 28' | *'mtls-rc 58' | *'mtls-rc 60' | *'mtls-rc 77') return 1 ;;
    *mtls-time-limit* | *connect:errno*) return 1 ;;
  esac
  return 0
}

# spoke VERSION: the natural attempt settled on it.
spoke() {
  case $natural in *"SSL connection using $1 "* | *"
New, $1, "*) return 0 ;; esac
  return 1
}

# with_curl NAME USER BYTES TEXT: TEXT ends by printing "mtls-rc CODE".
with_curl() {
  if [ "$3" -ge 0 ]; then said=$(zeros "$3" | run_as "$2" "$4" 2>&1 | bounded)
  else said=$(run_as "$2" "$4" </dev/null 2>&1 | bounded)
  fi
  rec "$1" "$said"
}

# with_openssl NAME USER BYTES SECONDS HEAD TEXT: s_client has no time limit of its own. The limit stands beside it in
# the same shell, as its account, so that it ends s_client itself whatever setpriv, su or sudo put between, and also
# where the login has gone; how it is ended: see agent_tools.py. TEXT ends in "exec openssl". Fd 3 is the request: a
# background job's own stdin is /dev/null.
with_openssl() {
  bytes=$3
  if [ "$bytes" -lt 0 ]; then bytes=0; fi
  said=$(
    { printf "$5"; zeros "$bytes"; } 2>/dev/null | run_as "$2" "exec 3<&0 </dev/null
      ( $6 ) <&3 3<&- &
      child=\$!
      exec 3<&-
      ( n=0; while [ \$n -lt $4 ]; do sleep 1; n=\`expr \$n + 1\`; done; kill \$child ) >/dev/null 2>&1 &
      watch=\$!
      wait \$child 2>/dev/null
      case \$? in 143|271) echo; echo mtls-time-limit ;; esac
      kill -9 \$watch 2>/dev/null
      wait \$watch 2>/dev/null" 2>&1 | bounded
  )
  rec "$1" "$said"
}
