# Sourced by `run` here and in ../migration: sets `python` to the harness's own, making its virtual environment on
# first use.
conformance=$(dirname "${BASH_SOURCE[0]}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/allauth-conformance
# Named after what is in it, so that copies with other requirements keep out of each other's way.
venv=$cache/venv-$(cksum < "$conformance/requirements.txt" | tr ' ' -)
mkdir -p "$cache"
(
    flock 9
    if [ ! -e "$venv/made" ]; then
        echo "preparing $venv" >&2
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --requirement "$conformance/requirements.txt"
        touch "$venv/made"
    fi
) 9> "$cache/lock"
python=$venv/bin/python
export PYTHONDONTWRITEBYTECODE=1
