# golib.sh: shell code shared by the suites written in Go; to be sourced. Needs bash, go, python3.
#   suite NAME "$@"        reads [--check | --list FILE] [HOST:PORT]; sets NAME CHECK ADDR CACHE OUT TSV LOG EXPECTED
#   gomod MODULE@VERSION.. throwaway module under $CACHE that requires these; leaves the shell in its folder
#   gobuild BIN PACKAGE [go test flags]   compiles a test binary, straight out of the module cache
#   gotests BIN DIR TIMEOUT [-test.* flags]   runs it in DIR; per-test results go to $TSV, output to $LOG
#   verdict RETRY          prints what did not pass and the counts; with --check calls `RETRY TEST` once for each expected test that failed
# A row of $TSV is test<TAB>pass|fail|skip<TAB>seconds. Only leaves of the tree of subtests are rows, plus a parent that failed by itself.
# $OUT/NAME.why has a line of each test that did not pass.

suite() {
  NAME=$1; shift; CHECK=; ADDR=; LIST=
  while [ $# -gt 0 ]; do a=$1; shift; case $a in
    --check) CHECK=1;;
    --list) LIST=$(realpath "$1") CHECK=1; shift;;
    -*) echo "$NAME: unknown option $a; usage: $0 [--check | --list FILE] HOST:PORT" >&2; exit 2;;
    *) ADDR=$a;;
  esac; done
  ADDR=${ADDR:-${DEFAULT_ADDR:-127.0.0.1:9092}}
  CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance/$NAME
  OUT=${OUT:-$(mktemp -d)}; mkdir -p "$CACHE" "$OUT"
  OUT=$(cd "$OUT" && pwd); TSV=$OUT/$NAME.tsv; LOG=$OUT/$NAME.log; : > "$TSV"; : > "$LOG"
  EXPECTED=${LIST:-$(cd "$(dirname "$0")" && pwd)/expected/$NAME.txt}
  (exec 3<>"/dev/tcp/${ADDR%:*}/${ADDR##*:}") 2>/dev/null || { echo "$NAME: nothing listens on $ADDR: start the broker first" >&2; exit 2; }
}

gomod() {
  export GOFLAGS="-mod=mod -buildvcs=false" GOWORK=off
  cd "$CACHE" || exit 2
  local stamp="$*"
  [ "$(cat stamp 2>/dev/null)" = "$stamp" ] && [ -f go.mod ] && return
  rm -rf go.mod go.sum stamp src *.test
  { go mod init conformance && go get "$@"; } > mod.log 2>&1 || { tail -5 mod.log >&2; echo "$NAME: cannot get $*" >&2; exit 2; }
  echo "$stamp" > stamp
}

gobuild() { # go's own cache makes a second call cheap
  local bin=$1 pkg=$2; shift 2
  go test -c "$@" -o "$CACHE/$bin" "$pkg" > build.log 2>&1 || { tail -20 build.log >&2; echo "$NAME: cannot compile $pkg" >&2; exit 2; }
}

gotests() {
  local bin=$1 dir=$2 timeout=$3 secs; shift 3
  secs=${timeout%[ms]}; case $timeout in *m) secs=$((secs * 60));; esac # what runs before or after the tests is not under -test.timeout
  ( cd "$dir" && go tool test2json -t timeout -k 5 $((secs + 120)) "$CACHE/$bin" -test.v=test2json -test.timeout "$timeout" "$@" < /dev/null 2>&1 ) |
    python3 -c "$GOLIB_READ" "$TSV" "$LOG" "${PREFIX:-}" || true
}

# A crash takes the other tests of its process along: `again RETRY` runs what did not end once more, each alone.
again() {
  local t; grep -P '\tdid not end' "${TSV%.tsv}.why" 2>/dev/null | cut -f1 | sort -u | while read -r t; do
    awk -F'\t' -v t="$t" '$1 != t' "$TSV" > "$TSV.new"; mv "$TSV.new" "$TSV"; "$1" "$t"
  done || true
}

# Reads test2json events; a test that began and never ended (panic, timeout, os.Exit) has failed. Its last line from a _test.go or of testify, or else its last line of any kind, is the reason kept.
GOLIB_READ='
import json, re, sys
tsv, log, prefix = sys.argv[1:]
state, out, crash = {}, {}, ""
where, noise = re.compile(r"\w+_test\.go:\d+: .|Error:\s*\S|Messages:"), re.compile(r"---|===|.*(?i:createTopic|deleting|waitForTopic|retrying|completed in)")
with open(log, "a") as lf:
    for line in sys.stdin:
        try: e = json.loads(line)
        except ValueError: lf.write(line); continue
        t, a = e.get("Test"), e["Action"]
        if a == "output":
            lf.write(e["Output"])
            s = e["Output"].strip()
            if s.startswith("panic: "): crash = crash or s
            if t and s and not noise.match(s) and (where.match(s) or not where.match(out.get(t, ""))): out[t] = s
        elif t and a == "run": state[t] = [None, 0.0]
        elif t and a in ("pass", "fail", "skip"): state[t] = [a, e.get("Elapsed", 0.0)]
for t, s in state.items():
    if s[0] is None: s[0], out[t] = "fail", "did not end" + (" (" + crash + ")" if crash else "")
parents = {t.rsplit("/", i)[0] for t in state for i in range(1, t.count("/") + 1)}
bad = [t for t, s in state.items() if s[0] == "fail" and t not in parents]
with open(tsv, "a") as f, open(tsv[:-4] + ".why", "a") as w:
    for t, (s, secs) in state.items():
        if t in parents and not (s == "fail" and not any(b.startswith(t + "/") for b in bad)): continue
        f.write(f"{prefix}{t}\t{s}\t{secs:.2f}\n")
        if s != "pass": w.write(f"{prefix}{t}\t{out.get(t) or crash:.300}\n")
'

# A suite sets NOT_EXPECTED to a pattern of the tests that this broker's set-up cannot run.
expected() { grep -v '^ *\(#\|-\|$\)' "$EXPECTED" 2>/dev/null | grep -vE "${NOT_EXPECTED:-^$}"; }
why() { cat "$OUT/$NAME.why" "$OUT/$NAME.retry.why" 2>/dev/null | awk -F'\t' -v t="$1" '$1 == t { r = $2 } END { print r == "" ? "did not run" : r }'; }

verdict() {
  local t s secs missed=0 whole=$TSV
  awk -F'\t' '!($1 in row) { order[++n] = $1 } { row[$1] = $0 } END { for (i = 1; i <= n; i++) print row[order[i]] }' "$TSV" > "$TSV.new"; mv "$TSV.new" "$TSV" # the last run of a test counts
  if [ -n "$CHECK" ]; then
    [ -s "$EXPECTED" ] || { echo "$NAME: no $EXPECTED to check against" >&2; exit 2; }
    local failed; failed=$(awk -F'\t' 'FILENAME == ARGV[1] { if ($2 == "pass") ok[$1] = 1; next } !($0 in ok)' "$whole" <(expected))
    [ "$(wc -l <<< "$failed")" -le "${RETRY_MAX:-20}" ] || echo "$NAME: too many expected tests failed to run each again alone"
    while read -r t; do
      [ -n "$t" ] || continue
      IFS=$'\t' read -r _ s secs < <(awk -F'\t' -v t="$t" '$1 == t' "$whole") || s= secs=
      if [ "$(wc -l <<< "$failed")" -le "${RETRY_MAX:-20}" ]; then
        TSV=$OUT/$NAME.retry.tsv; : > "$TSV"; "$1" "$t"; TSV=$whole
        IFS=$'\t' read -r _ s secs < <(awk -F'\t' -v t="$t" '$1 == t' "$OUT/$NAME.retry.tsv" | tail -1) || true
      fi
      if [ "$s" = pass ]; then echo "$NAME: $t passed only when run again alone"; else missed=$((missed + 1)); s=${s:-fail}; fi
      awk -F'\t' -v t="$t" '$1 != t' "$whole" > "$whole.new"; printf '%s\t%s\t%s\n' "$t" "$s" "${secs:-0}" >> "$whole.new"; mv "$whole.new" "$whole"
    done <<< "$failed"
  fi
  awk -F'\t' '$2 != "pass" { print $2 "\t" $1 }' "$TSV" | while IFS=$'\t' read -r s t; do
    if expected | grep -xF -- "$t" > /dev/null; then echo "$NAME: $s (expected to pass) $t: $(why "$t")"; else echo "$NAME: $s $t: $(why "$t")"; fi
  done
  awk -F'\t' -v n="$NAME" '{ c[$2]++ } END { printf "%s: %d passed, %d failed, %d skipped\n", n, c["pass"], c["fail"], c["skip"] }' "$TSV"
  if [ -n "$CHECK" ]; then exit $((missed > 0)); fi
  exit 0
}

# of_list TESTS: of these top-level tests, joined by `|`, those that the file of --list names, or of which it names a part; without such a file all.
of_list() {
  [ -n "$LIST" ] || { echo "$1"; return; }
  local t; for t in ${1//|/ }; do ! expected | grep -qE "^$t(/|\$)" || echo "$t"; done | paste -sd'|'
}

# A test's name as a -test.run pattern: each level anchored, since the flag splits at slashes.
pattern() { sed -e 's/[][().*+?{}|^$\\]/\\&/g' -e 's|/|$/^|g' -e 's/^/^/; s/$/$/' <<< "$1"; }
