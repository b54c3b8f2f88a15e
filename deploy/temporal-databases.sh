#!/bin/sh
# Temporal's own role and databases, apart from the product's. At each start, since what the image of Postgres runs when the cluster is
# made is not run again where it failed.
set -eu
PGPASSWORD="$(cat /run/secrets/postgres_password)"
export PGPASSWORD
# Read by psql itself: what stands on a command line is shown to whoever lists the host's processes.
psql --host postgres --username postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
\set password `cat /run/secrets/temporal_database_password`
select 'create role temporal' where not exists (select from pg_roles where rolname = 'temporal') \gexec
alter role temporal login password :'password' nosuperuser nocreatedb nocreaterole;
select format('create database %I owner temporal', name) from unnest(array['temporal', 'temporal_visibility']) as wanted (name)
 where not exists (select from pg_database where datname = name) \gexec
revoke all on database temporal, temporal_visibility from public;
SQL
