# Sourced by the java-* suites: runs Kafka's Java tools, runs named checks in parallel, writes NAME.tsv, compares with expected/NAME.txt.
# A suite defines functions check_X, lists them in CHECKS (in order), then calls `suite NAME "$@"`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kafka=$here/kafka/kafka
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance/java
mkdir -p "$cache"
. "$here/apt.sh"
for c in javac mvn bc python3; do command -v $c > /dev/null || { need_apt default-jdk-headless maven bc python3; break; }; done

# A class data archive halves the start of each tool; made once per set of jars, and not needed for anything but speed.
cds() {
  local libs=${KAFKA_LIBS:-$HOME/kafka/libs}
  [ -d "$libs" ] || "$kafka" java org.apache.kafka.tools.TopicCommand --help > /dev/null 2>&1 || true
  local jsa; jsa=$cache/$( (ls "$libs"; java -version) 2>&1 | cksum | cut -d' ' -f1).jsa
  [ -s "$jsa" ] || { TOOL_HEAP="-Xmx256m -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit=$jsa.$$" "$kafka" java org.apache.kafka.tools.VerifiableProducer \
      --bootstrap-server "$B" --topic warm-up-$$ --max-messages 1 > /dev/null 2>&1 && mv "$jsa.$$" "$jsa"; } || true
  export TOOL_HEAP="-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
  [ -s "$jsa" ] && TOOL_HEAP="$TOOL_HEAP -XX:SharedArchiveFile=$jsa" || true
}

die() { echo "  $check: $*" >&2; exit 1; }
T=org.apache.kafka.tools
# tool CLASS ARGS...: runs it to its end; stdout and stderr together in $out, status in $rc.
tool() { out=$(timeout -k 5 "${LIMIT:-90}" "$kafka" java "$@" 2>&1 < "${IN:-/dev/null}") && rc=0 || rc=$?; printf '$ %s\n%s\n[rc %s]\n' "$*" "$out" "$rc" >> "$log"; }
ok() { tool "$@"; [ $rc = 0 ] || die "rc $rc of $1: $(tail -n 3 <<< "$out" | tr '\n' ' ' | cut -c1-300)"; }
has() { local p; for p; do grep -qE -- "$p" <<< "$out" || die "no /$p/ in: $(tail -n 8 <<< "$out" | tr '\n' '|' | cut -c1-400)"; done; }
hasnt() { local p; for p; do ! grep -qE -- "$p" <<< "$out" || die "unexpected /$p/: $(grep -E -- "$p" <<< "$out" | head -1 | cut -c1-200)"; done; }
same() { [ "$1" = "$2" ] || die "$3: want '$(cut -c1-120 <<< "$1")', got '$(cut -c1-120 <<< "$2")'"; }
within() { local end=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $end ] || die "not in time: $*"; sleep 0.3; done; }
topic() { ok $T.TopicCommand --bootstrap-server "$B" --create --topic "$1" --partitions "${2:-1}" "${@:3}"; }
# spawn NAME CLASS ARGS...: in the background, stdout to NAME.out, stderr to NAME.err; its process in $pid.
spawn() { local n=$1; shift; "$kafka" java "$@" > "$n.out" 2> "$n.err" < "${IN:-/dev/null}" & pid=$!; }
# consume TOPIC COUNT ARGS...: prints COUNT records of the topic into $out (fails when they do not come).
consume() { ok $T.consumer.ConsoleConsumer --bootstrap-server "$B" --topic "$1" --from-beginning --max-messages "$2" --timeout-ms 30000 "${@:3}"; }
# total TOPIC: the sum of the end offsets of its partitions.
total() { ok $T.GetOffsetShell --bootstrap-server "$B" --topic "$1"; awk -F: -v t="$1" '$1==t {s+=$3} END {print s+0}' <<< "$out"; }

one() ( # one CHECK: in a folder of its own; what it left running is ended. Exit status 77 of a check means skip.
  check=$1; log=$OUT/$name/$check.log; dir=$OUT/$name/$check.d; rm -rf "$dir"; mkdir -p "$dir"; : > "$log"; id=$check-$RANDOM; s=$(date +%s.%N); v=0
  (set -eu; cd "$dir"; trap 'kill -9 $(jobs -p) 2>/dev/null || true' EXIT; "check_${check//[-.]/_}") 2>> "$log" & wait $! || v=$?
  case $v in 0) v=pass;; 77) v=skip;; *) v=fail;; esac
  printf '%s\t%s\t%.1f\n' "$check" $v "$(bc <<< "$(date +%s.%N) - $s")" > "$OUT/$name/$check.res"
  [ $v = pass ] || printf '%s %s%s\n' "$check" $v "$(grep -E "^  $check: " "$log" | tail -1 | sed "s/^  $check//")"
)

suite() {
  name=$1; shift; local only='' must=0 expected=
  B=${1:?usage: $name HOST:PORT [--only NAME,...] [--check]}; shift
  while [ $# -gt 0 ]; do case $1 in --only) only=$2; shift 2;; --check) must=1; shift;;
    --list) expected=$(realpath "$2") must=1; shift 2;; *) echo "$name: no such option $1" >&2; exit 2;; esac; done
  OUT=${OUT:-$(mktemp -d)}; rm -rf "${OUT:?}/$name"; mkdir -p "$OUT/$name"; export B
  ${PREPARE:-cds} || { echo "$name: cannot prepare" >&2; exit 2; }
  local list=("${CHECKS[@]}") c
  # Of a list, the checks that stand in it, in the order of the suite.
  [ -z "$expected" ] || { list=(); for c in "${CHECKS[@]}"; do grep -qxF -- "$c" "$expected" && list+=("$c"); done; }
  expected=${expected:-$here/expected/$name.txt}
  [ -z "$only" ] || IFS=, read -ra list <<< "$only"
  for c in "${list[@]}"; do declare -F "check_${c//[-.]/_}" > /dev/null || { echo "$name: no check $c" >&2; exit 2; }
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-2}" ]; do wait -n || true; done; one "$c" & done; wait
  if [ $must = 1 ]; then for c in "${list[@]}"; do
    if grep -qx "$c" "$expected" && ! grep -q "	pass	" "$OUT/$name/$c.res"; then echo "again, alone: $c"; one "$c"; fi; done; fi
  for c in "${list[@]}"; do cat "$OUT/$name/$c.res"; done > "$OUT/$name.tsv"
  awk -F'\t' -v n="$name" '{k[$2]++} END {printf "%s: %d passed, %d failed, %d skipped\n", n, k["pass"], k["fail"], k["skip"]}' "$OUT/$name.tsv"
  [ $must = 0 ] || for c in "${list[@]}"; do if grep -qx "$c" "$expected" && ! grep -q "^$c	pass	" "$OUT/$name.tsv"; then exit 1; fi; done
}
