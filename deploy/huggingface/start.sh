#!/bin/sh
# The Space: nginx on port 7860, behind it what `make demo` runs. It ends when either of the two ends.
set -eu
nginx -c /opt/space/nginx.conf -e stderr -g 'daemon off;' &
front=$!
solvent demo --clients "$CLIENTS" &
demo=$!
trap 'kill -TERM "$front" "$demo" 2>/dev/null' TERM INT
while kill -0 "$front" 2>/dev/null && kill -0 "$demo" 2>/dev/null; do
  sleep 1
done
kill -TERM "$front" "$demo" 2>/dev/null || true
wait
