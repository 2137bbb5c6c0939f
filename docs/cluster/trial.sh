#!/usr/bin/env bash
# Starts, on loopback and until Ctrl-C: a Redis server, a simulated device on port 5025, and three nodes a, b and c that share it.
# Clients of the device connect to port 1501, 1502 or 1503, of a, b or c; the pages are at http://localhost:8081 to 8083.
# Needs redis-server and the .NET SDK; run it from the top of the repository.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v redis-server >/dev/null || { echo "trial.sh: redis-server is missing: apt install redis-server" >&2; exit 1; }

dotnet build src/SocketSync.Server --verbosity quiet --nologo
server=src/SocketSync.Server/bin/Debug/net10.0/SocketSync.Server.dll

running=()
trap 'trap - EXIT INT TERM; [ ${#running[@]} = 0 ] || kill "${running[@]}" 2>/dev/null; wait' EXIT INT TERM

# Each line that one of them says begins with its name.
start() {
    local name=$1
    shift
    "$@" > >(sed -u "s/^/$name: /") 2>&1 &
    running+=($!)
    echo "$name has process id $!"
}

start redis redis-server --bind 127.0.0.1 --port 6399 --save '' --appendonly no --loglevel warning
start device dotnet "$server" simulate line --listen 5025
number=0
for node in a b c; do
    number=$((number + 1))
    start "$node" dotnet "$server" --config docs/cluster/appsettings.json \
        --SocketSync:Cluster:Node="$node" \
        --SocketSync:Cluster:NodePort="1110$number" --SocketSync:Cluster:ForwardPort="1120$number" \
        --SocketSync:Listeners:Meter:Port="150$number" --urls "http://localhost:808$number"
done

echo "Ask the device through any node, in another terminal: dotnet $server ask localhost:1502 '*IDN?'"
echo "Then end the node that owns it, by its process id: kill -9 ID"
wait
