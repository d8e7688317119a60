# Facts of one device, for dash, busybox sh, ksh, mksh, posh and older. Reads; writes nothing; sends no private key.
# Answer: records "NAME BYTES\n" + the bytes + "\n". Numbers of bytes count as LC_ALL=C counts.
# common.sh stands before this text, the console's calls of these functions and the last line behind it.

# present, directory, missing, dangling, unreadable or special, as the login sees it.
state() {
  if [ -d "$1" ]; then echo directory
  elif [ -f "$1" ]; then if [ -r "$1" ]; then echo present; else echo unreadable; fi
  elif [ -e "$1" ]; then echo special
  elif [ -h "$1" ]; then echo dangling
  else
    up=$1
    while :; do
      case $up in
        /*/*) up=${up%/*} ;;
        /*) up=/ ;;
        */*) up=${up%/*} ;;
        *) up=. ;;
      esac
      if [ -d "$up" ]; then if [ -x "$up" ]; then echo missing; else echo unreadable; fi; return; fi
      case $up in / | .) echo missing; return ;; esac
    done
  fi
}

# The resolved path, then mode and numeric owner of "/" and of everything on the way to it, one ls line each.
way() {
  real=
  if has readlink; then real=$(readlink -f "$2" 2>/dev/null); fi
  if [ -z "$real" ] && [ ! -h "$2" ]; then
    case $2 in */*) up=${2%/*}/ ;; *) up=./ ;; esac
    real=$(cd "$up" 2>/dev/null && pwd -P)
    if [ -n "$real" ]; then real=${real%/}/${2##*/}; fi
  fi
  rec "$1.real" "$real"
  walk=$real; set -- "$1"; name=$1; shift
  while [ -n "$walk" ] && [ "$walk" != / ]; do set -- "$walk" "$@"; walk=${walk%/*}; done
  rec "$name.way" "$(ls -ldn / "$@" 2>/dev/null)"
  rec "$name.names" "$(ls -ldL "$real" 2>/dev/null)"
}

# Keeps what is public: text, and the bodies of blocks whose label says so. Status 3: something was left out.
REDACT='
function keep(s,  t, found) {
  if (state == "public" && s ~ /PRIVATE KEY/) state = "secret"
  if (state == "public") return s
  if (state == "secret") { if (s ~ /[^ \t\r]/) cut = 1; return "" }
  if (!guess) return s  # in config.ini a long path looks like base64
  t = s; found = 0
  while (match(t, /[A-Za-z0-9+\/]+/)) { if (RLENGTH >= 60) found = 1; t = substr(t, RSTART + RLENGTH) }
  if (!found && loose && s ~ /^[A-Za-z0-9+\/]+=*[ \t\r]*$/) found = 1
  loose = found
  if (found) { cut = 1; return "" }
  return s
}
function filtered(line,  out, mark, at) {
  out = ""
  while (match(line, /-----(BEGIN|END) [^-]*-----/)) {
    at = RSTART; mark = substr(line, at, RLENGTH)  # keep() matches too
    out = out keep(substr(line, 1, at - 1)) mark
    line = substr(line, at + length(mark))
    if (mark ~ /^-----END/) state = "text"
    else if (mark ~ /(CERTIFICATE|CERTIFICATE REQUEST|X509 CRL|PKCS7|CMS|PUBLIC KEY|PARAMETERS)-----$/) state = "public"
    else state = "secret"
    loose = 0
  }
  return out keep(line)
}'

# redact PATH GUESS: with GUESS=1 also what looks like a key body without its label.
redact() {
  awk "$REDACT"'
{ old = state; line = filtered($0); if (line != "" || (old != "secret" && $0 == "")) print line }
END { exit cut ? 3 : 0 }' guess="$2" "$1"
}

# beside NAME PATH: what lies where a file was looked for in vain and may have been meant.
beside() {
  case $2 in */*) up=${2%/*}/ ;; *) up=./ ;; esac
  rec "$1.beside" "$(
    if cd "$up" 2>/dev/null; then
      for entry in *.key *.pem *.crt *.cer *.KEY *.PEM *.CRT *.CER; do
        if [ -f "$entry" ]; then printf '%s\n' "$entry"; fi
      done | sed -n 1,8p
    fi
  )"
}

# file NAME PATH KIND LIMIT: a kind of "pem" is sent only where a certificate begins in it.
file() {
  st=$(state "$2")
  rec "$1.state" "$st"
  case $st in missing | dangling) if [ "$3" != config ]; then beside "$1" "$2"; fi; return ;; esac
  way "$1" "$2"
  if [ -r "$2" ]; then rec "$1.readable" yes; else rec "$1.readable" no; fi
  if [ -z "$real" ]; then rec "$1.ls" "$(ls -ldnL "$2" 2>/dev/null)"; fi
  if [ "$st" != present ]; then return; fi
  name=$1 path=$2 kind=$3 limit=$4
  set -- $(wc -c <"$path")
  size=$1
  rec "$name.size" "$size"
  if [ "$size" -gt "$limit" ]; then rec "$name.too-large" yes; return; fi
  rec "$name.sha256" "$(sha "$path")"
  rec "$name.head" "$(dd if="$path" bs=4 count=1 2>/dev/null | od -An -tx1)"
  if [ "$kind" = key ]; then return; fi
  if [ "$kind" = pem ]; then
    if [ "$(grep -c -e '-----BEGIN [A-Z0-9 ]*CERTIFICATE' "$path" 2>/dev/null)" -gt 0 ] 2>/dev/null; then :; else return; fi
  fi
  guess=1
  if [ "$kind" = config ]; then guess=0; fi
  redact "$path" $guess >/dev/null 2>&1
  case $? in
    0) printf '%s %s\n' "$name.content" "$size"; cat "$path"; echo ;;
    3)
      rec "$name.redacted" yes
      # Whether the bodies that aren't sent can be decoded decides too: this reads a CA file as the TLS library does.
      if has openssl; then
        if openssl crl2pkcs7 -nocrl -certfile "$path" </dev/null >/dev/null 2>&1; then rec "$name.loads" yes
        else rec "$name.loads" no
        fi
      fi
      set -- $(redact "$path" $guess | wc -c)
      printf '%s %s\n' "$name.content" "$1"; redact "$path" $guess; echo
      ;;
    *) rec "$name.unsent" "awk can't read it" ;;
  esac
}

# directory NAME PATH LIMIT: names that OpenSSL looks up or that a person may have meant, a few processes in all.
directory() {
  st=$(state "$2")
  rec "$1.state" "$st"
  case $st in missing | dangling) return ;; esac
  way "$1" "$2"
  if [ "$st" != directory ]; then return; fi
  name=$1 limit=$3
  if (cd "$2" && ls) >/dev/null 2>&1; then :; else rec "$name.unlisted" yes; return; fi
  (
    cd "$2" || exit
    set -- *.[0-9] *.[0-9][0-9] *.pem *.crt *.cer *.PEM *.CRT *.CER
    n=0 total=$# list=
    for entry; do
      if [ ! -e "$entry" ] && [ ! -h "$entry" ]; then continue; fi
      if [ "$n" -ge "$limit" ]; then rec "$name.more" "$total"; break; fi
      rec "$name.entry.$n.name" "$entry"
      if [ -d "$entry" ]; then est=directory
      elif [ -f "$entry" ]; then if [ -r "$entry" ]; then est=present; else est=unreadable; fi
      elif [ -e "$entry" ]; then est=special
      else est=dangling
      fi
      rec "$name.entry.$n.state" "$est"
      n=$((n + 1))
    done
    first=1
    for entry; do
      if [ "$first" = 1 ]; then set --; first=0; fi
      if [ $# -lt "$limit" ] && [ -f "$entry" ] && [ -r "$entry" ]; then set -- "$@" "./$entry"; fi
    done
    if [ $# = 0 ]; then exit; fi
    rec "$name.list" "$(ls -ldnL "$@" 2>/dev/null)"
    if has sha256sum; then rec "$name.sums" "$(sha256sum "$@" 2>/dev/null)"
    elif has shasum; then rec "$name.sums" "$(shasum -a 256 "$@" 2>/dev/null)"
    fi
    awk "$REDACT"'
function finish() {
  if (file == "" || !certificate || size > 1000000 || sent + size > 6000000) return
  printf "%s.pem.%d %d\n%s\n", NAME, number, length(file), file
  printf "%s.content.%d %d\n%s\n", NAME, number++, size, text
  sent += size
}
FNR == 1 { finish(); file = FILENAME; text = ""; size = 0; certificate = 0; cut = 0; loose = 0; state = "text" }
{
  if ($0 ~ /-----BEGIN [A-Z0-9 ]*CERTIFICATE/) certificate = 1
  old = state; line = filtered($0)
  if (size < 1000001 && (line != "" || (old != "secret" && $0 == ""))) { text = text line "\n"; size += length(line) + 1 }
}
END { finish() }' NAME="$name" guess=1 "$@"
  )
}

EMPTY=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

spki() { openssl dgst -sha256 2>/dev/null | sed 's/.*= *//'; }

# key NAME PATH: what can be said of a private key without moving it.
key() {
  file "$1" "$2" key 1000000
  if [ ! -f "$2" ] || [ ! -r "$2" ]; then return; fi
  # Labels at the start of a line, where OpenSSL wants them; a byte order mark before the first is passed over.
  bom=$(printf '\357\273\277')
  rec "$1.labels" "$(sed -n -e "1s/^$bom//" -e 's/^-----BEGIN \([A-Z0-9 ]*\)-----.*/\1/p' "$2" 2>/dev/null | sed 20q)"
  # Of the first private key: the TLS library takes no later one instead.
  rec "$1.encrypted" "$(sed -n '/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,/-----END/p' "$2" 2>/dev/null | sed '/-----END/q' | sed -n -e 's/^Proc-Type: *4,ENCRYPTED.*/legacy/p' -e 's/.*-----BEGIN ENCRYPTED PRIVATE KEY-----.*/pkcs8/p' | sed 1q)"
  hash=$EMPTY how=
  if has openssl; then
    how='openssl pkey'
    # -passin pass: and /dev/null keep it from asking; -inform PEM from taking DER, which the agent can't load.
    hash=$(openssl pkey -in "$2" -inform PEM -passin pass: -pubout -outform DER </dev/null 2>/dev/null | spki)
    if [ "$hash" = $EMPTY ] || [ -z "$hash" ]; then
      how='openssl rsa'
      hash=$(openssl rsa -in "$2" -inform PEM -passin pass: -pubout -outform DER </dev/null 2>/dev/null | spki)
    fi
    if [ "$hash" = $EMPTY ] || [ -z "$hash" ]; then
      how='openssl ec'
      hash=$(openssl ec -in "$2" -inform PEM -passin pass: -pubout -outform DER </dev/null 2>/dev/null | spki)
    fi
  fi
  # A command that failed hashes as the empty text does.
  if [ "$hash" != $EMPTY ] && [ -n "$hash" ]; then rec "$1.how" "$how"; rec "$1.spki" "$hash"; return; fi
  if has ssh-keygen; then rec "$1.ssh" "$(ssh-keygen -y -P '' -f "$2" </dev/null 2>/dev/null | sed 1q)"; fi
  if has openssl; then rec "$1.tools" openssl; elif has ssh-keygen; then rec "$1.tools" ssh-keygen; else rec "$1.tools" none; fi
}

# resolve NAME HOST
resolve() {
  if has getent; then
    rec "$1.how" getent
    out=$(getent ahosts "$2" 2>/dev/null)
    if [ -z "$out" ]; then out=$(getent hosts "$2" 2>/dev/null); fi
    rec "$1.out" "$out"
  elif has dscacheutil; then rec "$1.how" dscacheutil; rec "$1.out" "$(dscacheutil -q host -a name "$2" 2>/dev/null)"
  elif has host; then rec "$1.how" host; rec "$1.out" "$(host "$2" 2>/dev/null)"
  elif has nslookup; then rec "$1.how" nslookup; rec "$1.out" "$(nslookup "$2" 2>/dev/null)"
  else rec "$1.how" none
  fi
}

# account NAME USER: numeric id and groups; empty where the device doesn't know the user.
account() {
  rec "$1.uid" "$(id -u "$2" 2>/dev/null)"
  rec "$1.gids" "$(id -G "$2" 2>/dev/null)"
}

agent_version() {
  case $(uname -s) in
    Linux)
      if has rpm; then rpm -q --qf '%{VERSION}\n' managesoft 2>/dev/null | grep -v 'not installed'; fi
      if has dpkg-query; then dpkg-query -W -f '${Version}\n' managesoft 2>/dev/null; fi
      ;;
    AIX) if has lslpp; then lslpp -qLc managesoft.rte 2>/dev/null | cut -d: -f3; fi ;;
    SunOS) if has pkgparam; then pkgparam ManageSoft VERSION 2>/dev/null; fi ;;
    HP-UX) if has swlist; then swlist -a revision managesoft 2>/dev/null | sed -n 's/^ *managesoft[ \t]*//p'; fi ;;
  esac
}

tls_stack() {
  if has openssl; then
    all=$(openssl version -a 2>/dev/null </dev/null)
    rec openssl.version "${all%%
*}"
    case $all in
      *TLS_SECURITY_LEVEL=*) level=${all#*TLS_SECURITY_LEVEL=}; rec openssl.flags "TLS_SECURITY_LEVEL=${level%%[!0-9]*}" ;;
    esac
    conf=$OPENSSL_CONF
    if [ -z "$conf" ]; then
      case $all in
        *OPENSSLDIR:*) conf=${all#*OPENSSLDIR: \"}; conf=${conf%%\"*}/openssl.cnf ;;
      esac
    fi
    rec openssl.conf-path "$conf"
    if [ -n "$conf" ] && [ -r "$conf" ]; then
      # Only the lines that decide; the rest of the file may hold secrets. An included file counts where it stands.
      rec openssl.conf "$(awk '
function wanted(l) { return l ~ /^[ \t]*\[/ || l ~ /openssl_conf|ssl_conf|system_default|CipherString|MinProtocol|MaxProtocol/ }
/^[ \t]*\.include/ { p = $0; sub(/^[ \t]*\.include[ \t=]*/, "", p); while ((getline l < p) > 0) if (wanted(l)) print l; next }
wanted($0) { print }' "$conf" 2>/dev/null | cut -c1-500 | sed 200q)"
    fi
  fi
  if has curl; then rec curl.version "$(curl --version 2>/dev/null </dev/null | sed 1q)"; fi
}

# facts CONFIG AGENT_USER
facts() {
  rec system "$(uname -s)"
  rec release "$(uname -r)"
  rec hostname "$(hostname 2>/dev/null || uname -n)"
  rec login "$(id -un 2>/dev/null)"
  account login "$(id -un 2>/dev/null)"
  case $1 in */*) up=${1%/*}/ ;; *) up=./ ;; esac
  owner=$(ls -ld "$up" 2>/dev/null | awk '{ print $3; exit }')
  rec owner "$owner"
  account agent "${2:-$owner}"
  rec version "$(agent_version | sed 1q)"
  tls_stack
  file config "$1" config 4000000
  rec clock "$(date -u +%Y%m%d%H%M%S)"
}
