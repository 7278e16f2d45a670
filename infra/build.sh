#!/bin/sh
# Builds the functions for Lambda into target/lambda/<function>/bootstrap, where template.yaml looks.
#
#   infra/build.sh             for this machine's processor, to run under sam local
#   infra/build.sh arm64       for arm64 or x86_64, to deploy
set -eu
cd "$(dirname "$0")/.."
PATH="$(infra/tools.sh):$PATH"
export PATH

architecture=${1:-$(uname -m)}
case $architecture in
arm64 | aarch64) target=aarch64-unknown-linux-gnu ;;
x86_64) target=x86_64-unknown-linux-gnu ;;
*) echo "build.sh: Lambda has arm64 and x86_64, not $architecture" >&2; exit 2 ;;
esac
# Debian's cargo comes without rustup, and can build for its own processor only.
if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$target"; then
    rustup target add "$target"
fi

# The example of docs/guarding.md is a function too.
crates="functions/*/ examples/guarded-api/"
packages=
for crate in $crates; do
    packages="$packages --package vestibule-$(basename "$crate")"
done
# shellcheck disable=SC2086 # a list of words
cargo lambda build --locked --profile function --target "$target" --lambda-dir target/lambda --bins $packages
rm -rf target/lambda/mail/templates
cp -R functions/mail/templates target/lambda/mail/templates
for crate in $crates; do
    test -x "target/lambda/$(basename "$crate")/bootstrap" ||
        { echo "build.sh: $crate made no target/lambda/$(basename "$crate")/bootstrap" >&2; exit 1; }
done
# VESTIBULE is the program, where it is built already. BREACHED is a file of breached passwords (docs/breached-passwords.md).
if [ -n "${BREACHED:-}" ]; then
    ${VESTIBULE:-cargo run --quiet --locked --package vestibule-cli --} breached pack "$BREACHED"
fi
${VESTIBULE:-cargo run --quiet --locked --package vestibule-cli --} settings pack
