# Sourced by run and perf, which set $top: an Ottla process on a folder and a port of its own. OTTLA names the binary (else target/release/ottla,
# built if it is not there). Whatever is running when the script ends is ended.

ottla=${OTTLA:-$top/target/release/ottla}
[ -x "$ottla" ] || (cd "$top" && cargo build --release --bin ottla) || exit 2
broker_pid=
trap '[ -z "$broker_pid" ] || kill -9 "$broker_pid" 2> /dev/null' EXIT
trap 'exit 130' INT TERM

# up FOLDER SETTING...: starts the broker; its port in $port. The system names the port when the broker takes it: one that was free a
# moment before may be somebody else's by then.
up() {
  local folder=$1 i s args=(); shift
  mkdir -p "$folder"; : > "$folder/broker.log"; port=
  for s; do args+=(--set "$s"); done
  "$ottla" start --data-dir "$folder/data" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 "${args[@]}" > "$folder/broker.log" 2>&1 < /dev/null &
  broker_pid=$!
  for i in {1..200}; do
    port=$(sed -n 's/.*ready: Kafka clients connect to 127\.0\.0\.1:\([0-9]*\),.*/\1/p' "$folder/broker.log")
    [ -z "$port" ] || return 0
    kill -0 "$broker_pid" 2> /dev/null || break
    sleep 0.05
  done
  echo "the broker did not start:"; tail -n 20 "$folder/broker.log"; return 1
}

# down FOLDER: a broker that died by itself, or does not stop within 5 s, or ends with an error, is a failure of the suite.
down() {
  local i status=0
  kill -0 "$broker_pid" 2> /dev/null || { echo "the broker died:"; tail -n 20 "$1/broker.log"; broker_pid=; return 1; }
  kill "$broker_pid"
  for i in {1..100}; do kill -0 "$broker_pid" 2> /dev/null || break; sleep 0.05; done
  kill -9 "$broker_pid" 2> /dev/null && { echo 'the broker did not stop within 5 s'; broker_pid=; return 1; }
  wait "$broker_pid" || status=$?
  broker_pid=
  [ $status = 0 ] || { echo "the broker ended with status $status:"; tail -n 20 "$1/broker.log"; return 1; }
}
