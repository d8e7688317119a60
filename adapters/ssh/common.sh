# Shared by our scripts: records, tools, checksums. For dash, busybox sh, ksh, mksh, posh and older.

rec() { printf '%s %s\n%s\n' "$1" "${#2}" "$2"; }

# No "command -v": posh hasn't got it, old shells print words instead of failing.
has() {
  oldifs=$IFS; IFS=:
  for h in $PATH; do
    if [ -f "$h/$1" ] && [ -x "$h/$1" ]; then IFS=$oldifs; return 0; fi
  done
  IFS=$oldifs; return 1
}

sha() {
  if has sha256sum; then sha256sum <"$1" 2>/dev/null | sed 's/[^0-9a-f].*//'
  elif has shasum; then shasum -a 256 <"$1" 2>/dev/null | sed 's/[^0-9a-f].*//'
  elif has openssl; then openssl dgst -sha256 <"$1" 2>/dev/null | sed 's/.*= *//'
  elif has digest; then digest -a sha256 "$1" 2>/dev/null
  fi
}
