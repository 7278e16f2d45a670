#!/bin/bash
# Runs the functions of target/lambda (build.sh) under `sam local start-api`, against a local stack that
# keeps their state and catches their mail.
#
#   tests/sam/up.sh                        until Ctrl-C
#   tests/sam/up.sh tests/sam/journey.py   until the command ends, whose exit code is then this one's
#
# The command finds the addresses in VESTIBULE_API and VESTIBULE_INBOX. Nothing of the run is kept.
#
# Where no Docker daemon answers and none can be started, it says why and exits with 77; with
# SAM_LOCAL_REQUIRED=1, as CI sets it, with 1. Other variables: SAM_LOCAL_PORT (8010), VESTIBULE_PORT,
# VESTIBULE_MAIL_PORT, VESTIBULE_DYNAMODB_PORT (as the local stack's, but free ones under a command),
# VESTIBULE (the program, instead of building it), SAM_LOCAL_HOST (the address under which containers
# reach this machine, where it isn't the bridge's).
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { echo "sam-local: $*" >&2; }
fail() { say "$*"; exit 1; }
cannot() {
    [ "${SAM_LOCAL_REQUIRED:-}" != 1 ] || fail "$*"
    say "SKIPPED: $*"
    exit 77
}

work=$(mktemp -d)
children=()

# In reverse: the containers of sam go before the daemon that they run on.
stop_all() {
    local code=$? index pid
    trap - EXIT INT TERM
    for ((index = ${#children[@]} - 1; index >= 0; index--)); do
        pid=${children[index]}
        kill -TERM "$pid" 2>/dev/null || true
        for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
    exit "$code"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches this script alone.
start() {
    local name=$1
    shift
    setsid "$@" >"$work/$name.log" 2>&1 &
    children+=($!)
}

show_log() {
    say "the end of the log of $1:"
    tail -n 60 "$work/$1.log" | sed 's/^/    /' >&2
}

# await NAME SECONDS COMMAND...: until the command succeeds, while the last one started is running.
await() {
    local name=$1 seconds=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        kill -0 "${children[-1]}" 2>/dev/null || return 1
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

ensure_docker() {
    command -v docker >/dev/null ||
        cannot "there is no docker command (tests/sam/install-docker.sh installs Debian's)"
    ! docker info >/dev/null 2>&1 || return 0
    [ "$(uname) $(id -u)" = "Linux 0" ] ||
        cannot "no Docker daemon answers; start it (starting one here needs root on Linux)"
    command -v dockerd >/dev/null ||
        cannot "no Docker daemon answers, and there is none to start (tests/sam/install-docker.sh installs Debian's)"
    say "starting a Docker daemon for this run"
    # vfs works on every file system, also where this is itself a container.
    start dockerd dockerd --storage-driver=vfs --host="unix://$work/docker.sock" \
        --data-root="$work/docker" --exec-root="$work/docker-exec" --pidfile="$work/docker.pid"
    export DOCKER_HOST="unix://$work/docker.sock"
    await dockerd 60 docker info ||
        { show_log dockerd; cannot "a Docker daemon can't run here"; }
}

# The image that sam starts functions in. Where Amazon's cannot be pulled, a stand-in does: this
# machine's C library and certificates, and the emulator of Lambda's runtime API that sam brings along.
ensure_image() {
    local base=public.ecr.aws/lambda/provided:al2023-$1 image=public.ecr.aws/lambda/provided:al2023-rapid-$1
    local label='{{index .Config.Labels "vestibule.stand-in"}}' root=$work/image file
    if docker image inspect "$image" >/dev/null 2>&1 &&
        [ -z "$(docker image inspect --format "$label" "$image")" ]; then
        return
    fi
    if docker image inspect "$base" >/dev/null 2>&1 || timeout 300 docker pull --quiet "$base" 2>"$work/pull.log"; then
        docker image rm --force "$image" >/dev/null 2>&1 || true
        return
    fi
    say "$(tail -n 1 "$work/pull.log")"
    say "$base can't be pulled; making a stand-in from this machine's libraries"
    mkdir -p "$root"/{tmp,etc,var/task,var/rapid}
    for file in $(ldd target/lambda/*/bootstrap | grep -o '/[^ :]*\.so[^ :]*' | sort -u) /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || install -D "$(readlink -f "$file")" "$root$file"
    done
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
    file=$("$tools/python3" -c 'import samcli.local as m; print(m.__path__[0])')/rapid/aws-lambda-rie-$1
    install "$file" "$root/var/rapid/aws-lambda-rie"
    tar -C "$root" -c . | docker import --change 'WORKDIR /var/task' --change 'LABEL vestibule.stand-in=1' - "$image" >/dev/null
    rm -rf "$root"
}

# Where containers find this machine, and where the local stack must therefore listen.
find_host() {
    local address=
    if [ "$(uname)" != Linux ]; then
        reach=${SAM_LOCAL_HOST:-host.docker.internal} bind=127.0.0.1
        return
    fi
    # The bridge's own address rather than 0.0.0.0: this table and this inbox are nobody else's business.
    address=${SAM_LOCAL_HOST:-$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}' 2>/dev/null || true)}
    if [ -z "$address" ] || [ "$address" = "<no value>" ]; then
        address=$(ip -4 -o address show docker0 2>/dev/null | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p')
    fi
    [ -n "$address" ] || fail "can't tell how containers reach this machine; set SAM_LOCAL_HOST"
    reach=$address bind=$address
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }
listening() { python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$@"; }

case $(uname -m) in
arm64 | aarch64) architecture=arm64 ;;
*) architecture=x86_64 ;;
esac
for function in functions/*/; do
    [ -x "target/lambda/$(basename "$function")/bootstrap" ] ||
        fail "target/lambda/$(basename "$function")/bootstrap is missing; infra/build.sh makes it"
done

tools=$(infra/tools.sh)
ensure_docker
ensure_image "$architecture"
find_host

if [ -z "${VESTIBULE:-}" ]; then
    cargo build --locked --package vestibule-cli
    VESTIBULE=${CARGO_TARGET_DIR:-target}/debug/vestibule
fi
if [ $# -gt 0 ]; then
    gateway=$(free_port) inbox=$(free_port) dynamodb=$(free_port) api=$(free_port)
else
    gateway=${VESTIBULE_PORT:-8000} inbox=${VESTIBULE_MAIL_PORT:-8025} dynamodb=${VESTIBULE_DYNAMODB_PORT:-8001}
    api=${SAM_LOCAL_PORT:-8010}
fi

# The same for both: what one writes, the other reads.
export SECRET_KEY TABLE_NAME=vestibule
export FRONTEND_URL=${FRONTEND_URL:-http://localhost:3000}
SECRET_KEY=$(python3 -c 'import secrets; print(secrets.token_urlsafe(48))')

start stack "$VESTIBULE" serve --host "$bind" --port "$gateway" --inbox-port "$inbox" --dynamodb-port "$dynamodb" \
    --data-dir "$work/data" --ephemeral
for port in "$dynamodb" "$inbox"; do
    await stack 30 listening "$bind" "$port" ||
        { show_log stack; fail "the local stack does not answer on $bind:$port"; }
done

# sam passes on only what template.yaml names, and cookies can't be Secure without TLS.
cat >"$work/env.json" <<EOF
{"Parameters": {
  "SECRET_KEY": "$SECRET_KEY",
  "TABLE_NAME": "$TABLE_NAME",
  "AWS_ENDPOINT_URL_DYNAMODB": "http://$reach:$dynamodb",
  "SESSION_COOKIE_SECURE": "false",
  "CSRF_COOKIE_SECURE": "false"
}}
EOF
# No real account has anything to do with this.
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local SAM_CLI_TELEMETRY=0 NO_COLOR=1
start sam "$tools/sam" local start-api --template template.yaml --host 127.0.0.1 --port "$api" --region eu-west-1 \
    --skip-pull-image --warm-containers LAZY --no-watch --env-vars "$work/env.json" --parameter-overrides \
    "FrontendUrl=$FRONTEND_URL" "AllowedOrigins=$FRONTEND_URL" SenderAddress=no-reply@example.com "Architecture=$architecture"
await sam 120 listening 127.0.0.1 "$api" ||
    { show_log sam; fail "sam local start-api does not answer"; }

export VESTIBULE_API=http://127.0.0.1:$api VESTIBULE_INBOX=http://$bind:$inbox
say "the API is at $VESTIBULE_API, its mail at $VESTIBULE_INBOX"
if [ $# -eq 0 ]; then
    say "Ctrl-C stops it"
    tail -n +1 -f "$work/sam.log" "$work/stack.log" &
    children+=($!)
    wait "${children[-2]}" || { show_log sam; fail "sam local start-api ended"; }
elif "$@"; then
    say "$* passed"
else
    code=$?
    show_log stack
    show_log sam
    say "$* failed with $code"
    exit "$code"
fi
