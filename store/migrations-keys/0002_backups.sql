-- Up Migration
-- The wrapped keys are dumped by the same login as the facts, into a file of its own that is kept for a shorter time. What it reads is of use to
-- nobody without the master key, which is in no database.
grant usage on schema keys, migration to ct_backup;
grant select on keys.data_key, migration.applied, migration.applied_id_seq to ct_backup;
