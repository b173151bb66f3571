# Sourced by the native suites (librdkafka, rust-rdkafka, rskafka, kcat); runs nothing by itself.
#
# A suite script sets $suite and $usage, may define option() for its own options, calls `start "$@"`, makes its tools ready,
# defines the two functions below and ends with `finish`.
#   units           prints the units to run, one a line; a unit is what one process runs: one test, or a few that belong together
#   run_unit UNIT   runs it (log to "$logs/UNIT.log"), prints a line per test: test<TAB>pass|fail|skip<TAB>seconds<TAB>reason
#   unit_of TEST    the unit that holds a test (defined here as the test itself; a suite may define it anew)

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance
ulimit -c 0   # a failed test often aborts

die() { echo "$suite: $*" >&2; exit 2; }

. "$here/apt.sh"

# built DIR FUNCTION: runs FUNCTION (its commands joined by &&) in a fresh DIR, once; two callers do not collide
built() {
  [ -e "$1/.built" ] && return
  mkdir -p "$(dirname "$1")"
  ( flock 9; [ -e "$1/.built" ] && exit; rm -rf "$1"; mkdir -p "$1"; cd "$1" && "$2" > "$1.log" 2>&1 && touch "$1/.built" ) 9> "$1.lock" || die "build failed, see $1.log"
}

start() {
  broker= check= only= list= jobs=${JOBS:-4}
  while [ $# -gt 0 ]; do
    case $1 in
      --check) check=1;;
      --list) list=$(realpath "$2") check=1; shift;;
      --tests) only=$2; shift;;
      --jobs) jobs=$2; shift;;
      --help|-h) echo "$usage"; exit 0;;
      --*) if [ "$(type -t option)" = function ]; then option "$@"; shift $((taken - 1)); else die "unknown option $1"; fi;;
      *) broker=$1;;
    esac; shift
  done
  [[ $broker == *:* ]] || { echo "$usage" >&2; exit 2; }
  host=${broker%:*} port=${broker##*:}
  out=${OUT:-$(mktemp -d)}; mkdir -p "$out"; out=$(cd "$out" && pwd)
}

unit_of() { echo "$1"; }
# seconds since $1 (a value of $EPOCHREALTIME)
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }
# listed UNIT: does the file of --list name one of its tests?
listed() { local t; while read -r t; do [ "$(unit_of "$t")" != "$1" ] || return 0; done < <(grep -v '^ *\(#\|-\|$\)' "$list"); return 1; }
# wanted UNIT: is it listed, and among those named by --tests? (any that contains one of the given words)
wanted() { local w; [ -z "$list" ] || listed "$1" || return; [ -z "$only" ] && return; for w in ${only//,/ }; do [[ $1 == *"$w"* ]] && return; done; return 1; }

# The first group of a fresh broker makes its internal topics, and that takes a while: not a fault of the first test.
warm_up() {
  need_apt kcat
  echo x | timeout 10 kcat -b "$broker" -P -t warm-up
  timeout 10 kcat -b "$broker" -X auto.offset.reset=earliest -G warm-up -c 1 warm-up
} > /dev/null 2>&1

# All that runs under process $1
under() { local p; for p in $(pgrep -P "$1"); do echo "$p"; under "$p"; done; }

finish() {
  local expected=${list:-$here/expected/$suite.txt} u t s sec why bad=() n; tsv=$out/$suite.tsv logs=$out/$suite-logs
  rm -rf "$logs"; mkdir -p "$logs"
  trap 'kill $(under $$) 2> /dev/null; exit 130' INT TERM
  (exec 3<> "/dev/tcp/$host/$port") 2> /dev/null || die "nobody listens at $broker"
  while read -r u; do wanted "$u" || continue
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    run_unit "$u" > "$logs/$u.res" &
  done < <(units)
  wait
  if [ -n "$check" ]; then
    [ -e "$expected" ] || die "no $expected"
    # An expected test that did not pass gets one more try, alone.
    while read -r t; do
      u=$(unit_of "$t"); wanted "$u" || continue
      grep -q "^$t	pass	" "$logs/$u.res" 2>/dev/null && continue
      [ -e "$logs/$u.res" ] && [ ! -e "$logs/$u.again" ] && { touch "$logs/$u.again"; cp "$logs/$u.log" "$logs/$u.first.log"; run_unit "$u" > "$logs/$u.res"; }
      grep -q "^$t	pass	" "$logs/$u.res" 2>/dev/null && { echo "flaky: $t passed on its second try"; continue; }
      bad+=("$t")
    done < <(grep -v '^ *\(#\|-\|$\)' "$expected")
  fi
  sort -u "$logs"/*.res > "$logs/all"
  cut -f1-3 "$logs/all" > "$tsv"
  while IFS=$'\t' read -r t s sec why; do [ "$s" = pass ] || echo "$s $t (${sec}s) $why"; done < "$logs/all"
  [ -n "$check" ] && for t in "${bad[@]+"${bad[@]}"}"; do echo "expected to pass: $t"; done
  n() { awk -F'\t' -v s="$1" '$2 == s { n++ } END { print n + 0 }' "$tsv"; }
  echo "logs: $logs" >&2
  echo "$suite: $(n pass) passed, $(n fail) failed, $(n skip) skipped"
  [ ${#bad[@]} = 0 ]
}
