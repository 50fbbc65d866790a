#!/bin/sh
# Once a day, at the start first: partitions of the coming months and the safety of the database, what is old enough to
# go, and whether any record was changed. What goes wrong is on stderr, and shows as a service that is not healthy.
set -u
trap 'exit 0' TERM INT
while :; do
  if solvent db upgrade && solvent db retain --yes && solvent ledger verify; then
    touch /tmp/all-is-well
  else
    rm -f /tmp/all-is-well
  fi
  sleep 86400 &
  wait "$!"
done
