#!/bin/sh
# Django's command line, on the data in the folder REFERENCE_DATA:
#   REFERENCE_DATA=DIR ./manage.sh dumpdata --format jsonl auth account
set -eu
cd "$(dirname "$0")"
. ./common.sh
exec python manage.py "$@"
