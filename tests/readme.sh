#!/bin/bash
# Runs the commands of the README's "Try it", as they stand: `make run`, and the journey against it. Looks at what
# they answer. The data goes to a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export VESTIBULE_DATA_DIR=$work/data
setsid make run > "$work/log" 2>&1 &
stack=$!
trap 'kill -- -$stack 2>/dev/null || true; wait; rm -rf "$work"' EXIT
until [ -e "$work/data/endpoints.json" ]; do
    kill -0 $stack || { cat "$work/log"; exit 1; }
    sleep 0.2
done

# The blocks marked as sh, each answer on a line of its own.
awk '/^## /{on = /Try it/} on && /^```sh$/{code = 1; next} /^```$/{code = 0} code' README.md > "$work/journey.sh"
sed -i -E 's/^(curl .*)$/\1; echo/' "$work/journey.sh"
bash -eu "$work/journey.sh" > "$work/answers"
cat "$work/answers"

expected="200 401 401 200 200 200 401 401 401"
actual=$(sed -n 's/.*"status":\([0-9]*\)}*.*/\1/p' "$work/answers" | tr '\n' ' ' | sed 's/ $//')
if [ "$actual" != "$expected" ]; then
    echo "README: expected statuses $expected, got $actual" >&2
    exit 1
fi
echo "README: every command answers as it says"
