#!/bin/sh
# Brings Temporal's two databases to the schema of this server version; does nothing when they are there.
set -eu
SQL_PASSWORD="$(cat /run/secrets/temporal_database_password)"
export SQL_PASSWORD
tool() { temporal-sql-tool --plugin postgres12_pgx --endpoint postgres --port 5432 --user temporal --database "$1" "$2" "$3" "$4"; }
for database in temporal temporal_visibility; do
  folder=/etc/temporal/schema/postgresql/v12/$([ "$database" = temporal ] && echo temporal || echo visibility)/versioned
  tool "$database" setup-schema --version 0.0 || true
  tool "$database" update-schema --schema-dir "$folder"
done
