# Sourced by run and perf, which set $top: an Ottla process on a folder and a free port. OTTLA names the binary (else target/release/ottla,
# built if it is not there). Whatever is running when the script ends is ended.

ottla=${OTTLA:-$top/target/release/ottla}
[ -x "$ottla" ] || (cd "$top" && cargo build --release --bin ottla) || exit 2
broker_pid=
trap '[ -z "$broker_pid" ] || kill -9 "$broker_pid" 2> /dev/null' EXIT
trap 'exit 130' INT TERM

listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
free_port() { local p; while p=$((20000 + RANDOM % 12000)); do listens "$p" || { echo "$p"; return; }; done; }

# up FOLDER SETTING...: starts the broker; its port in $port
up() {
  local folder=$1 i s args=(); shift
  mkdir -p "$folder"; port=$(free_port)
  for s; do args+=(--set "$s"); done
  "$ottla" start --data-dir "$folder/data" --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$(free_port)" "${args[@]}" > "$folder/broker.log" 2>&1 < /dev/null &
  broker_pid=$!
  for i in {1..200}; do
    listens "$port" && return
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
