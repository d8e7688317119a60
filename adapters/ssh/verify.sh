# The device's own verdict on the beacon's chain. common.sh, probe.sh and place.sh stand before this text.

# Runs as the agent's account, behind PLACE: nobody else can swap the file. stdin: the beacon's public chain.
# Options by version, as documented.
VERIFY='
if cat >"$place/chain.pem"; then :; else printf "%s\n" "mtls-none ${TMPDIR:-/tmp}"; exit; fi
v=`openssl version 2>/dev/null`
set -- -purpose sslserver
case $v in
"OpenSSL 0."* | "OpenSSL 1.0.0"* | "OpenSSL 1.0.1"* | LibreSSL* | "") ;;
*) set -- "$@" -trusted_first "$by" "$host"; if [ "$partial" = yes ]; then set -- "$@" -partial_chain; fi ;;
esac
case $v in
"OpenSSL 0."* | "OpenSSL 1.0."* | LibreSSL* | "") ;;
*) if [ -n "$level" ]; then set -- "$@" -auth_level "$level"; fi ;;
esac
case $v in "OpenSSL "[3-9]*) set -- "$@" -no-CAstore ;; esac
if [ -n "$cafile" ]; then set -- "$@" -CAfile "$cafile"; fi
if [ -n "$capath" ] && [ -d "$capath" ]; then set -- "$@" -CApath "$capath"; fi
printf "%s\n" "mtls-version $v" "mtls-options $*"
SSL_CERT_FILE=/nonexistent/mtls-console SSL_CERT_DIR=/nonexistent/mtls-console
export SSL_CERT_FILE SSL_CERT_DIR
openssl verify "$@" -untrusted "$place/chain.pem" "$place/chain.pem" </dev/null
printf "\n%s\n" "mtls-rc $?"
'

# verify_chain USER VALUES: VALUES are assignments that VERIFY reads. The chain is what is left on stdin.
verify_chain() {
  as_user "$1"
  rec as "$AS"
  if has openssl; then
    rec tool openssl
    rec said "$(run_as "$1" "$2$PLACE$VERIFY" 2>&1 | bounded)"
  fi
}
