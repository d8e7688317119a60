# Does a TCP connection to an endpoint come about? Nothing is sent: curl connects before it loads its CA file, which
# isn't there (77), and perl's socket is closed at once. One short write each, so that answers of attempts that run
# side by side don't mix. common.sh stands before this text.

# Of curl's trace the last line that says how a connection ended; older versions write the reason alone.
SAID='
s/.*connect to .* failed: *//p
s/.*[Ff]ailed connect to [^;]*; *//p
s/^\* *\(Connection refused\)$/\1/p
s/^\* *\(Connection timed out\)$/\1/p
s/^\* *\(No route to host\)$/\1/p
s/^\* *\(Network is unreachable\)$/\1/p
s/^\* *Connected to .*/connected/p
s/^\* *Established connection to .*/connected/p'

# reach NAME HOST PORT URL SECONDS
reach() {
  if has curl; then
    said=$(curl -q -g -s -S -v --noproxy '*' --connect-timeout "$5" --max-time "$5" --cacert /nonexistent/mtls-console -o /dev/null "$4" 2>&1 </dev/null)
    code=$?
    rec "$1" "curl $code $(printf '%s\n' "$said" | sed -n "$SAID" | sed -n '$p' | cut -c1-120)"
  elif has perl && perl -MIO::Socket::INET -e 1 2>/dev/null; then
    rec "$1" "perl $(perl -MIO::Socket::INET -e '
      my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => $ARGV[2], Proto => "tcp");
      print $s ? "connected" : $@ || $!' "$2" "$3" "$5" 2>/dev/null </dev/null | sed 1q | cut -c1-120)"
  fi
}
