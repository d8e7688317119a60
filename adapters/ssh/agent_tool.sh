# One program of the agent's own, run as the agent's account. common.sh and probe.sh stand before this text.

# shown MARK: bounded, up to the mark's own line, so that what the program leaves running holds nobody up. sed ends
# there; mawk alone would read on until its buffer is full.
shown() {
  sed "/^$1 /q" | awk '
{ line = substr($0, 1, 400) }
index($0, mark) == 1 { end = line; exit }
{ n++ }
n <= 100 { print line; next }
{ last[n % 100] = line }
END {
  for (i = n - 99; i <= n; i++) if (i > 100) print last[i % 100]
  print end
}' mark="$1"
}

# agent_tool USER PROGRAM LOG MARK TEXT: TEXT runs the program and ends by printing "MARK STATUS".
agent_tool() {
  as_user "$1"
  rec as "$AS"
  if [ "$AS" = none ]; then return; fi
  if run_as "$1" "test -f $2 && test -x $2" </dev/null >/dev/null 2>&1; then rec there yes; else return; fi
  rec said "$(run_as "$1" "$5" 2>&1 </dev/null | shown "$4")"
  if [ "$3" != "''" ]; then rec log "$(run_as "$1" "tail -n 20 $3" 2>/dev/null </dev/null | cut -c1-400)"; fi
}
