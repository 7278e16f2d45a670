#!/bin/sh
# Checks every CloudFormation template, the SAM one with SAM's own rules as well. Needs no network
# and no AWS account once the tools are there.
set -eu
cd "$(dirname "$0")/../.."
PATH="$(infra/tools.sh):$PATH"
export PATH SAM_CLI_TELEMETRY=0

for template in template.yaml examples/guarded-api/template.yaml; do
    sam validate --lint --region eu-west-1 --template "$template"
done
cfn-lint --regions eu-west-1 us-east-1 -- template.yaml examples/guarded-api/template.yaml infra/*.yaml tests/aws/*.yaml
echo "cfn-lint: template.yaml examples/guarded-api/template.yaml infra/*.yaml tests/aws/*.yaml are clean"
python3 tests/sam/permissions.py
python3 tests/sam/costs.py
PYTHONDONTWRITEBYTECODE=1 python3 examples/hook/python/test_hook.py
