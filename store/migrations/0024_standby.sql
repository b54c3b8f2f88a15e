-- When somebody last stood in for a thread that nobody ran: of several who could, one does at a time.
set role ct_care;
alter table care.thread add column stood_in_at timestamptz;
grant update (stood_in_at) on care.thread to ct_worker;
reset role;
