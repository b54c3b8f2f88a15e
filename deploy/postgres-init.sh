#!/bin/sh
# Runs once, when the cluster is made: Temporal's own role and databases, apart from the product's.
set -eu
psql --username "$POSTGRES_USER" --set=ON_ERROR_STOP=1 --set=password="$(cat /run/secrets/temporal_database_password)" <<'SQL'
create role temporal login password :'password' nosuperuser nocreatedb nocreaterole;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke all on database temporal, temporal_visibility from public;
SQL
