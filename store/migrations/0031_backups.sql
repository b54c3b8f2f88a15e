-- A dump describes every table, and locks each of them to do so, for which the right to read it is needed: without this one a plain pg_dump by
-- ct_backup ended with an error at gate.grant_, and a dump that left the table out made a database without the functions that speak of it.
set role ct_gate;
alter table gate.grant_ enable row level security;
-- The table's form goes along, its rows do not: a right that is open belongs to the half minute in which it was asked for. The gate owns the table, and sees them all.
create policy form_alone on gate.grant_ for select to ct_backup using (false);
grant select on gate.grant_ to ct_backup;
reset role;
-- Nor is a session in a dump: a restore would sign in again whoever has signed out since, or was told to go.
set role ct_auth_owner;
alter table auth.session enable row level security;
create policy whole on auth.session to ct_gate, ct_auth using (true) with check (true);
create policy form_alone on auth.session for select to ct_backup using (false);
reset role;

-- Which migrations were applied: without it a restored database would have them run again.
grant usage on schema migration to ct_backup;
grant select on migration.applied, migration.applied_id_seq to ct_backup;
