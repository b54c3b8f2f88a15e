-- Sessions that end when they should, kept answers that are forgotten in time, and evidence of a wish told to staff.

set role ct_auth_owner;
-- Signing out goes through the gate, which notes it: the process that makes sessions can end none behind the ledger's back, nor prolong one.
revoke update (revoked_at, expires_at) on auth.session from ct_auth;
grant update (revoked_at) on auth.session to ct_gate;
-- Ended by person, whose sessions would else be sought among everybody's.
create index session_open on auth.session (person_id) where revoked_at is null;
reset role;

set role ct_care;
create index idempotency_age on care.idempotency (created_at);
-- Not what was answered: only whose key is how old.
grant select (actor_id, idempotency_key, created_at), delete on care.idempotency to ct_gate;
reset role;

set role ct_gate;
insert into gate.setting (name, value) values ('answer-hours', 24); -- for so long a request that is sent again gets its first answer

-- What the patient said, and to whom, is kept sealed beside the change, by address: `row_id` is the address id.
update gate.permission set reads = reads || array['opt-out.evidence'], writes = array['opt-out.evidence'] where action = 'change-opt-out';

create function gate.sign_out(p_token text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_person uuid;
begin
  update auth.session set revoked_at = clock_timestamp()
  where token_hash = sha256(convert_to(p_token, 'UTF8')) and revoked_at is null and expires_at > clock_timestamp()
  returning person_id into v_person;
  -- A token of nobody is no act of anybody: the ledger is not for strangers to fill.
  if v_person is null then
    return false;
  end if;
  perform gate.record_administration(v_person::text, 'sign-out', 'noted', null, null, null);
  return true;
end $$;

-- A new password ends the sessions that the old one made. For whoever keeps the staff list, who sees no session and brings none back.
create function gate.end_sessions(p_person uuid) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_count int;
begin
  update auth.session set revoked_at = clock_timestamp() where person_id = p_person and revoked_at is null and expires_at > clock_timestamp();
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform gate.record_administration('operator', 'end-sessions', 'noted', null, 'person/' || p_person::text, 'sessions=' || v_count::text);
  end if;
  return v_count;
end $$;

create function gate.forget_old_answers() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_count int;
begin
  -- In portions, so that a backlog holds no long transaction.
  delete from care.idempotency as answer using (
    select actor_id, idempotency_key from care.idempotency
    where created_at < clock_timestamp() - make_interval(hours => gate.setting_of('answer-hours')) order by created_at limit 1000
  ) as old
  where answer.actor_id = old.actor_id and answer.idempotency_key = old.idempotency_key;
  get diagnostics v_count = row_count;
  return v_count;
end $$;

grant execute on function gate.sign_out(text) to ct_api, ct_auth;
grant usage on schema gate to ct_migrate;
grant execute on function gate.end_sessions(uuid) to ct_migrate;
-- For the sign-in page, which says who is signed in.
grant execute on function gate.whoami(text) to ct_auth;
grant execute on function gate.forget_old_answers() to ct_worker;
reset role;
