#!/bin/sh
# What `make demo` does before it starts its servers; a second run uses what is there. Run in /var/lib/solvent.
set -eu
[ -f world/application_train.parquet ] || solvent world make --clients "$CLIENTS" --seed 7 --out world
[ -f /models/champion/manifest.json ] || solvent train --data world --out /models/champion --seed 7
[ -f histories.done ] || { solvent features store --bundle /models/champion --data world && touch histories.done; }
[ -s traffic.key ] || (umask 077 && solvent keys create demo-traffic --scope score --who compose > traffic.key)
