-- The sealer's turn was an advisory lock, which every login may take: whoever held it, ct_backup and ct_auth included, stopped the sealer, and five minutes later
-- routine contacts and reading, without a trace. The turn is now a lock on a table on which nobody but the sealer has a right that conflicts. It holds no row
-- and no column, since there is nothing to say: a lock on a table costs no transaction id, while one on a row would write to the log at each pass.
set role ct_audit;
create table audit.sealing ();
grant update on audit.sealing to ct_sealer;
-- A dump describes every table, for which it must be readable; the lock that reading takes is in nobody's way.
grant select on audit.sealing to ct_backup;
reset role;
