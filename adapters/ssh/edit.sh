# Reading and replacing one file atomically. common.sh stands before this text.
# An edit is two commands. "stage" writes a temporary file beside the target and checks length and SHA-256 of what
# arrived; a connection that drops leaves the target alone. "commit" takes a backup and renames.
# The directory may belong to the agent's account, who may put any link in it at any time. So all is written in a new
# directory of ours, by names relative to it once we stand in it: no planted link leads anywhere from there.

# T: the file that a possibly symbolic link leads to; D: its directory.
target() {
  T=$1
  if [ -h "$T" ]; then
    link=
    if has readlink; then link=$(readlink -f "$T" 2>/dev/null); fi
    if [ -z "$link" ]; then rec result unresolved; return 1; fi
    T=$link
  fi
  case $T in /*) ;; *) T=`pwd`/$T ;; esac
  D=${T%/*}
  if [ ! -f "$T" ]; then rec result missing; return 1; fi
  if [ ! -r "$T" ]; then rec result unreadable; return 1; fi
  return 0
}

owner() { ls -ldn "$1" 2>/dev/null | awk '{ print $3 ":" $4; exit }'; }
permissions() { ls -ldn "$1" 2>/dev/null | cut -c1-10 | sed 1q; }
context() { ls -dZ "$1" 2>/dev/null | awk '$1 ~ /:/ { print $1; exit }'; }

octal() {
  permissions "$1" | awk '{
    split("400 200 100 40 20 10 4 2 1", w, " "); m = 0
    for (i = 1; i <= 9; i++) { c = substr($0, i + 1, 1); if (c ~ /[rwxst]/) { n = w[i]; m += int(n / 100) * 64 + int(n % 100 / 10) * 8 + n % 10 } }
    if (substr($0, 4, 1) ~ /[sS]/) m += 2048
    if (substr($0, 7, 1) ~ /[sS]/) m += 1024
    if (substr($0, 10, 1) ~ /[tT]/) m += 512
    printf "%o\n", m
  }'
}

# A private copy with everything that the system's cp can keep; then content of its own can be written into it.
twin() { cp --preserve=all "$1" "$2" 2>/dev/null || cp -p "$1" "$2"; }

# alike OLD NEW: give NEW the owner, mode and SELinux context of OLD, or say what can't be kept and fail.
alike() {
  if [ "$(owner "$1")" != "$(owner "$2")" ]; then
    chown "$(owner "$1")" "$2" 2>/dev/null
    if [ "$(owner "$1")" != "$(owner "$2")" ]; then rec result owner; rec owner "$(owner "$1")"; return 1; fi
  fi
  if [ "$(permissions "$1")" != "$(permissions "$2")" ]; then
    chmod "$(octal "$1")" "$2" 2>/dev/null
    if [ "$(permissions "$1")" != "$(permissions "$2")" ]; then rec result mode; return 1; fi
  fi
  if [ "$(context "$1")" != "$(context "$2")" ]; then
    if has chcon; then chcon --reference="$1" "$2" 2>/dev/null; fi
    if [ "$(context "$1")" != "$(context "$2")" ]; then rec result context; rec context "$(context "$1")"; return 1; fi
  fi
  return 0
}

# unchanged SHA: is the target still what the plan saw?
unchanged() {
  now=$(sha "$T")
  if [ -z "$now" ]; then rec result no-sha; return 1; fi
  rec current "$now"
  if [ "$now" != "$1" ]; then rec result changed; return 1; fi
  return 0
}

flush() { if has sync; then sync "$1" 2>/dev/null || sync; fi; }

size() {
  set -- $(wc -c <"$1" 2>/dev/null)
  echo "$1"
}

# What a killed run left, without following links but at these two names; the first line is of older versions.
sweep_up() {
  rm -f "$D"/.mtls-console-*.tmp 2>/dev/null
  for w in "$D"/.mtls-console-*.tmp; do
    if [ -d "$w" ] && [ ! -h "$w" ]; then rm -f "$w/mtls-console.new" "$w/mtls-console.old"; rmdir "$w" 2>/dev/null; fi
  done
}

clean() { rm -f mtls-console.new mtls-console.old; cd /; rmdir "$W" 2>/dev/null; }

# enter DIRECTORY: stand in it, if it is ours alone.
enter() {
  W=$1
  if [ -h "$W" ] || [ ! -d "$W" ]; then return 1; fi
  cd "$W" 2>/dev/null || return 1
  case $(permissions .) in drwx--[-S]---) ;; *) cd /; return 1 ;; esac
  if [ "$(owner . | sed 's/:.*//')" != "$(id | sed 's/^uid=\([0-9]*\).*/\1/')" ]; then cd /; return 1; fi
  trap 'clean; exit 1' 1 2 13 15
  tmp=mtls-console.new copy=mtls-console.old
  umask 077
}

prepare() {
  rec directory "$D"
  sweep_up
  umask 077
  W=$D/.mtls-console-$$.tmp
  said=$(mkdir -m 700 "$W" 2>&1) || { rec result failed; rec error "$said"; return 1; }
  if ! enter "$W"; then rec result failed; rec error "$W was replaced at once"; return 1; fi
  if [ -h "$tmp" ] || [ -f "$tmp" ]; then cd /; rec result failed; rec error "$W was replaced at once"; return 1; fi
}

give_up() { clean; rec result "$1"; rec error "$2"; }

# read_config PATH LIMIT
read_config() {
  target "$1" || return
  bytes=$(size "$T")
  rec size "$bytes"
  if [ "$bytes" -gt "$2" ]; then rec result too-large; return; fi
  rec sha256 "$(sha "$T")"
  printf 'content %s\n' "$bytes"; cat "$T"; echo
  rec result done
}

# state PATH: its checksum alone.
state() {
  target "$1" || return
  rec current "$(sha "$T")"
  rec result done
}

# stage PATH BEFORE AFTER BYTES: the new content comes over stdin.
stage() {
  target "$1" || return
  unchanged "$2" || return
  prepare || return
  said=$(twin "$T" "$tmp" 2>&1) || { give_up failed "$said"; return; }
  chmod u+rw "$tmp" 2>/dev/null
  said=$(cat 2>&1 >"$tmp") || { give_up failed "$said"; return; }
  if [ "$(size "$tmp")" != "$4" ]; then give_up short "$(size "$tmp")"; return; fi
  if [ "$(sha "$tmp")" != "$3" ]; then give_up garbled ''; return; fi
  alike "$T" "$tmp" || { clean; return; }
  flush "$tmp"
  rec staged "$W"
  rec result staged
}

# stage_backup PATH BEFORE BACKUP_SHA: the backup becomes the new content, with its own owner and mode.
stage_backup() {
  target "$1" || return
  unchanged "$2" || return
  bak=$T.mtls-console.bak
  if [ ! -f "$bak" ]; then rec result no-backup; return; fi
  if [ "$(sha "$bak")" != "$3" ]; then rec result other-backup; return; fi
  prepare || return
  said=$(twin "$bak" "$tmp" 2>&1) || { give_up failed "$said"; return; }
  if [ "$(sha "$tmp")" != "$3" ]; then give_up garbled ''; return; fi
  alike "$bak" "$tmp" || { clean; return; }
  flush "$tmp"
  rec staged "$W"
  rec result staged
}

# commit PATH BEFORE AFTER STAGED KEEP: KEEP=backup keeps the old bytes beside the file.
commit() {
  target "$1" || return
  if ! enter "$4"; then rec result gone; return; fi
  if [ "$(sha "$tmp" 2>/dev/null)" != "$3" ]; then clean; rec result gone; return; fi
  unchanged "$2" || { clean; return; }
  if [ "$5" = backup ]; then
    said=$(twin "$T" "$copy" 2>&1) || { give_up failed "$said"; return; }
    if [ "$(sha "$copy")" != "$2" ]; then give_up changed ''; return; fi
    alike "$T" "$copy" || { clean; return; }
    flush "$copy"
    said=$(mv -f "$copy" "$T.mtls-console.bak" 2>&1) || { give_up failed "$said"; return; }
  fi
  unchanged "$2" || { clean; return; }
  said=$(mv -f "$tmp" "$T" 2>&1) || { give_up failed "$said"; return; }
  clean
  flush "$T"
  rec after "$(sha "$T")"
  rec result done
}

# discard PATH: forget what was staged.
discard() {
  target "$1" || return
  sweep_up
  rec current "$(sha "$T")"
  rec result done
}
