#!/bin/bash
# Run once by the PostgreSQL image when it has made the cluster: the logins of the API, the dashboard and the monitors,
# with the roles of docs/decisions/0012-roles-of-the-database.md and nothing else.
set -euo pipefail
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set scoring="$(cat /run/secrets/scoring_password)" --set dashboard="$(cat /run/secrets/dashboard_password)" \
  --set monitoring="$(cat /run/secrets/monitoring_password)" <<'SQL'
CREATE ROLE solvent_api NOLOGIN;
CREATE ROLE solvent_reader NOLOGIN;
CREATE ROLE solvent_officer NOLOGIN;
CREATE ROLE solvent_monitor NOLOGIN;
CREATE ROLE solvent_eraser NOLOGIN;
CREATE ROLE scoring LOGIN PASSWORD :'scoring' IN ROLE solvent_api;
CREATE ROLE dashboard LOGIN PASSWORD :'dashboard' IN ROLE solvent_reader, solvent_officer;
CREATE ROLE monitoring LOGIN PASSWORD :'monitoring' IN ROLE solvent_monitor;
ALTER ROLE dashboard SET statement_timeout = '30s';
SQL
