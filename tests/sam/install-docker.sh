#!/bin/sh
# Installs Debian's Docker where there is no daemon to start, for a CI machine: it needs root and apt.
# It doesn't start it: up.sh does, for as long as it runs.
set -eu

if docker info >/dev/null 2>&1 || { command -v docker && command -v dockerd; } >/dev/null; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install-docker.sh: this needs root and apt-get; see https://docs.docker.com/engine/install/" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends docker.io iproute2 iptables
