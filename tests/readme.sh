#!/bin/bash
# Runs the commands of the README's "Try it", as they stand: `make run`, and the journey against it. Looks at what
# they answer. Then those of docs/ that need nothing but the local stack, on the account of the journey. The data goes
# to a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export VESTIBULE_DATA_DIR=$work/data
# What docs/ say that is to be set for their commands; the example of docs/hook.md is the hook.
SECRET_KEY=$(openssl rand -hex 32)
export SECRET_KEY ACCOUNT_INVITATIONS_ENABLED=true AUDIT_RETENTION_DAYS=30 ACCOUNT_HOOK_URL=http://localhost:9000/
export ACCOUNT_PROFILE_FIELDS='{"role": {"type": "choice", "choices": ["customer", "editor"], "write": "operator"}}'
setsid make run > "$work/log" 2>&1 &
stack=$!
trap 'kill -- -$stack 2>/dev/null || true; wait; rm -rf "$work"' EXIT
until [ -e "$work/data/endpoints.json" ]; do
    kill -0 $stack || { cat "$work/log"; exit 1; }
    sleep 0.2
done

# The blocks marked as sh below a heading.
blocks() {
    awk -v wanted="$2" '/^##* /{on = $0 ~ wanted} on && /^```sh$/{code = 1; next} /^```$/{code = 0} code' "$1"
}
blocks docs/hook.md "Setting it up" | grep '&$' > "$work/hook.sh"
# shellcheck disable=SC1091
. "$work/hook.sh"
hook=$!
trap 'kill -- -$stack $hook 2>/dev/null || true; wait; rm -rf "$work"' EXIT
until curl -s -o "$work/nothing" "$ACCOUNT_HOOK_URL"; do sleep 0.2; done

# Each answer on a line of its own.
blocks README.md "Try it" > "$work/journey.sh"
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

# The commands of docs/, with the id of the account in the place of that in the document.
PATH=$(realpath "${CARGO_TARGET_DIR:-target}")/debug:$PATH
export PATH
id=$(vestibule user show --email ann@example.com | jq -r .id)
run() {
    echo "+ $1"
    blocks "$1" "$2" | sed -E "s/0198[0-9a-f-]*…/$id/; s|\.vestibule/|$work/data/|" > "$work/commands.sh"
    [ -s "$work/commands.sh" ] || { echo "$1: no command below $2" >&2; exit 1; }
    bash -euo pipefail "$work/commands.sh"
}
run docs/invitations.md Commands
run docs/fields.md "operators"
run docs/events.md "Reading it" | grep user.signed_up
run docs/operators.md "The program"
run docs/operators.md "On the local stack" | grep "$id"
run docs/local.md Accounts
run docs/local.md "Tests against it"
run docs/privacy.md Deletion | grep "$id"
