-- When the sweeper last poked a thread that had not heard: from it follows how long it waits before it pokes again.
set role ct_care;
alter table care.thread add column poked_at timestamptz;
grant update (poked_at) on care.thread to ct_worker;
reset role;
