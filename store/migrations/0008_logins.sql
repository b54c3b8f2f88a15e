-- What each login may do: the whole list. A test compares it with the catalog.
-- No login owns anything, may create anything, or has any right on a table of phi or gate.

-- ---------------------------------------------------------------- worker and API: the operational tables
set role ct_care;
grant usage on schema care to ct_worker, ct_api;
grant select on all tables in schema care to ct_worker, ct_api;
revoke select on care.idempotency from ct_worker;
grant insert on care.plan, care.touchpoint, care.conversation, care.escalation, care.task, care.call, care.thread, care.inbox, care.callback, care.story to ct_worker, ct_api;
-- Whom the engine may contact begins with an enrolment, and the worker makes none.
grant insert on care.enrolment to ct_api;
-- Whose row it is, and what it is about, never changes: the gate derives the patient from it.
grant update (status, end_reason, anchors, zone, revision, ended_at) on care.enrolment to ct_worker, ct_api;
grant update (due_at, next_at, not_after, status, outcome, reason, channel_index, round, receipt_by, ended_at) on care.touchpoint to ct_worker, ct_api;
grant update (rules, state, status, address_id, revision, closed_at) on care.conversation to ct_worker, ct_api;
grant update (level, state, status, revision, closed_at) on care.escalation to ct_worker, ct_api;
grant update (status, owner, due_at, title, closed_at, closed_by, close_reason) on care.task to ct_worker, ct_api;
grant update (attempt_id, address_id, provider_sid, status, disposition, answered_by, turns, recording_sid, recording_status, revision, ended_at) on care.call to ct_worker, ct_api;
grant update (task_queue, started_at, closed_at) on care.thread to ct_worker, ct_api;
grant update (applied_at) on care.inbox to ct_worker, ct_api;
grant insert, update (status, response) on care.idempotency to ct_api;
-- What begin decided is told to another transaction only, in this table as by the secret: who begins, looks and rolls back has seen nothing.
alter table care.attempt enable row level security;
create policy committed_only on care.attempt for select to ct_worker, ct_api using (begun_xact is distinct from pg_current_xact_id_if_assigned());
create policy whole on care.attempt to ct_gate using (true) with check (true);
create policy whole_copy on care.attempt for select to ct_backup using (true);
reset role;

-- ---------------------------------------------------------------- the gate, by name
set role ct_gate;
grant usage on schema gate to ct_worker, ct_api, ct_auth;

grant execute on function
  gate.verdict(text), gate.read(text), gate.put(text, uuid, text, uuid, int, uuid, bytea), gate.opt_out(text, uuid, text), gate.suspend_address(text, uuid, uuid, text),
  gate.attempt_receipt(text, uuid, text, int, text), gate.inbound_done(uuid, text), gate.inbound_waiting(int), gate.inbound_reopen(uuid), gate.read_inbound(text, uuid),
  gate.rota(text)
to ct_worker, ct_api;

grant execute on function
  gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamptz, int), gate.contact_end(uuid, text, text, text, bytea, timestamptz),
  gate.recording_begin(uuid), gate.reply_waiting(uuid), gate.forget_expired_grants()
to ct_worker;

grant execute on function
  gate.open(text, text, text, uuid[], text[], text), gate.read_history(text), gate.read_card(text),
  gate.register_patient(text, uuid, text, text, text), gate.set_address(text, uuid, text, bytea, uuid, int), gate.remove_address(text, uuid, uuid),
  gate.set_status(text, uuid, text), gate.set_zone(text, uuid, text),
  gate.consent_grant(text, uuid, text, text, text, uuid, text), gate.consent_withdraw(text, uuid, text, text), gate.opt_in(text, uuid),
  gate.set_identifier(text, uuid, text, bytea), gate.find(text, text, bytea), gate.refer(text, uuid, text),
  gate.inbound_store(uuid, text, text, text, bytea, uuid, bytea, timestamptz), gate.turn_begin(uuid, text), gate.unsubscribe_begin(uuid),
  gate.staff_of_phone(text), gate.whoami(text), gate.note(text, text, text, text, text, text), gate.events_of(text)
to ct_api;

grant execute on function gate.note_sign_in(text, text, text) to ct_auth;
reset role;

-- ---------------------------------------------------------------- the process that makes sessions
set role ct_auth_owner;
grant usage on schema auth to ct_auth, ct_migrate;
grant select (person_id, login, display_name, password_hash, roles, departments, active) on auth.person to ct_auth;
grant select, insert, update (revoked_at, expires_at) on auth.session to ct_auth;
-- The operator's login keeps the staff list; it can make no session.
grant select, insert, update on auth.person, auth.rota to ct_migrate;
grant delete on auth.rota to ct_migrate;
reset role;

-- ---------------------------------------------------------------- the sealer
set role ct_audit;
grant usage on schema audit to ct_sealer;
grant select on audit.event, audit.pending, audit.leaf to ct_sealer;
grant insert on audit.leaf to ct_sealer;
grant delete on audit.pending to ct_sealer;
reset role;

-- ---------------------------------------------------------------- backups: everything as it lies, which is sealed
set role ct_care;
grant usage on schema care to ct_backup;
grant select on all tables in schema care to ct_backup;
grant select on all sequences in schema care to ct_backup;
set role ct_phi;
grant usage on schema phi to ct_backup;
grant select on all tables in schema phi to ct_backup;
set role ct_audit;
grant usage on schema audit to ct_backup;
grant select on all tables in schema audit to ct_backup;
set role ct_auth_owner;
grant usage on schema auth to ct_backup;
grant select on all tables in schema auth to ct_backup;
set role ct_gate;
grant usage on schema gate to ct_backup;
-- Not gate.grant_: rights of half a minute are no part of a backup.
grant select on gate.permission, gate.setting, gate.referral to ct_backup;
reset role;

-- ---------------------------------------------------------------- what the server prints to a client
-- A session may have plans printed to itself, with the values of variables as constants in them. Not of the owners' functions.
do $$
declare
  v_function regprocedure;
  v_knob text;
begin
  for v_function in select pg_proc.oid from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where prosecdef and nspname in ('gate', 'audit') loop
    foreach v_knob in array array['debug_print_parse', 'debug_print_rewritten', 'debug_print_plan'] loop
      execute format('alter function %s set %I = off', v_function, v_knob);
    end loop;
  end loop;
end $$;
