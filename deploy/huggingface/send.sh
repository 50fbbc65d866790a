#!/usr/bin/env bash
# Sends a Hugging Face Space what it is built from, as one commit: HF_SPACE=owner/name HF_TOKEN=... send.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${HF_SPACE:?names the Space, as owner/name}" "${HF_TOKEN:?is a token that may write to it}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive HEAD src requirements pyproject.toml LICENSE README.md deploy/huggingface Dockerfile.huggingface | tar -x -C "$work"
cd "$work"
mv Dockerfile.huggingface Dockerfile
mv README.md PROJECT.md
cp deploy/huggingface/README.md README.md
git init --quiet --initial-branch main
git add --all
git -c user.name=delivery -c user.email=delivery@localhost commit --quiet --message "Solvent"
# The token goes by a helper, so that it shows in no command line and in no file.
git -c credential.helper='!f() { echo username=delivery; echo "password=$HF_TOKEN"; }; f' \
  push --quiet --force "https://huggingface.co/spaces/$HF_SPACE" main
