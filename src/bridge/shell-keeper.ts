// The keeper where there is no systemd: a shell that inherits the descriptors, does nothing with them, and starts the bridge again
// when it dies. It must stay so small that there is nothing in it to crash or to upgrade.

/** The keeper's $0, which shows in its command line. */
export const KEEPER_NAME = 'holdline-bridge-keeper';

/** Exit code of a bridge that wants the port opened (again): the keeper becomes the opener, which becomes a keeper. */
export const REOPEN_EXIT_CODE = 76;

/**
 * A successor is compiled whole while its predecessor still reads, so that it compiles nothing while nobody does: a pause of a third. Never for
 * a cold start, where nobody reads meanwhile: it would last 30 ms longer.
 */
export const SUCCESSOR_FLAG = '--no-lazy';

// $@ is the bridge's command. USR1: start a successor beside the running bridge (warm upgrade) and wait for it afterwards.
// TERM, INT: stop. A bridge that was killed is started at once, one that failed by itself after a second.
export const KEEPER_SCRIPT = `
child= next= wanted= stopping=
successor() {
  node=$1; shift
  HOLDLINE_BRIDGE_SUCCESSOR=1; export HOLDLINE_BRIDGE_SUCCESSOR
  exec "$node" ${SUCCESSOR_FLAG} "$@"
}
trap 'wanted=1' USR1
trap 'stopping=1; kill -TERM $child $next 2>/dev/null' TERM INT HUP
while :; do
  "$@" & child=$!
  while :; do
    wait "$child"; status=$?
    if [ -n "$wanted" ] && [ -z "$stopping" ]; then
      wanted=
      successor "$@" & next=$!
      continue
    fi
    kill -0 "$child" 2>/dev/null && continue
    [ -n "$next" ] || break
    child=$next next=
  done
  [ -z "$stopping" ] || exit 0
  case $status in
    0 | 137) ;;
    ${REOPEN_EXIT_CODE}) unset HOLDLINE_BRIDGE_KEEPER; HOLDLINE_BRIDGE_REOPEN=1; export HOLDLINE_BRIDGE_REOPEN; trap - USR1 TERM INT HUP; exec "$@" ;;
    2) exit 2 ;;
    *) sleep 1 ;;
  esac
done
`;
