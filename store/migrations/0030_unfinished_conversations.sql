-- While Temporal is away the standby looks every few seconds which silence is an alarm: among the conversations that are open and the calls that were
-- never placed, not among all there ever were.
set role ct_care;
create index conversation_unfinished on care.conversation (status) where closed_at is null;
create index call_unplaced on care.call (touchpoint_id) where status = 'planned';
reset role;
