-- One patient who had left a department's care had its whole lists refused, with the alerts of its own patients in them; and its own alert for that patient could be neither
-- looked at nor taken.

-- In the order in which whoever writes takes them: an update beside a running process waits, and does not deadlock.
lock table care.call, care.enrolment, care.escalation, care.task in share row exclusive mode;

-- ---------------------------------------------------------------- lists name whom they may, and are not refused for the others
set role ct_care;
grant select (patient_id, department, status) on care.task to ct_gate;
grant select (touchpoint_id, status) on care.call to ct_gate;
create index task_open_patient on care.task (patient_id) where status <> 'done';
reset role;

set role ct_gate;
-- Since when a referral is over; null while it lasts.
alter table gate.referral add column over_at timestamptz;

-- As in 0023, but that whoever was referred is in the department's care also while it has an alert or a task of theirs to see to.
create or replace function gate.those_in_care(p_patients uuid[], p_departments text[]) returns setof uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with referred as materialized (
    select referral.patient_id, referral.department from unnest(p_patients) as asked (patient_id) join gate.referral using (patient_id) where referral.department = any (p_departments) and referral.over_at is null
  )
  select asked.patient_id from unnest(p_patients) as asked (patient_id) join phi.contact_state using (patient_id) where contact_state.department = any (p_departments)
  -- An application login can write an enrolment, an alert and a task; it cannot write a referral, nor bring back one that is over.
  union
  select patient_id from referred join care.enrolment using (patient_id, department) where enrolment.status <> 'ended'
  union
  select patient_id from referred join care.escalation using (patient_id, department) where escalation.status <> 'closed'
  union
  select patient_id from referred join care.task using (patient_id, department) where task.status <> 'done'
$$;

-- Asks for a list, in one authorisation and one event, of those among these patients who are in the asker's care now; the others are left out, and it is not refused for them.
-- Who is not on the list is not named by the grant, so nothing of theirs is given, nor by the event.
create function gate.open_listed(p_token text, p_purpose text, p_action text, p_patients uuid[], p_fields text[], p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_;
  v_person record;
  v_fields text[] := array(select distinct field from unnest(p_fields) as field order by field);
  v_allowed record;
begin
  v_grant.actor_kind := 'person';
  v_grant.actor_id := 'unknown';
  v_grant.action := case when gate.is_code(p_action) then p_action else 'unknown' end;
  v_grant.purpose := case when gate.is_code(p_purpose) then p_purpose else 'unknown' end;
  v_grant.patient_ids := '{}';
  v_grant.fields := array(select field from unnest(v_fields) as field where gate.is_code(field) limit 50);
  v_grant.writes := '{}';
  v_grant.verdict := 'refused';
  select session.token_hash, person.person_id, person.roles, person.departments into v_person
  from auth.session join auth.person on person.person_id = session.person_id
  where session.token_hash = sha256(convert_to(p_token, 'UTF8'))
    and session.expires_at > clock_timestamp() and session.revoked_at is null and person.active;
  if not found then
    v_grant.reason := 'bad-token';
    return gate.issue(v_grant, null, null);
  end if;
  v_grant.actor_id := v_person.person_id::text;
  v_grant.session_hash := v_person.token_hash;
  v_grant.departments := v_person.departments;
  -- Only what is a list: elsewhere a right that names nobody may mean something of its own.
  select count(*) > 0 as any_role, bool_and(routine) as routine,
    array(select distinct field from gate.permission, unnest(reads) as field where role = any (v_person.roles) and action = p_action and purpose = p_purpose) as reads
  into v_allowed
  from gate.permission where role = any (v_person.roles) and action = p_action and purpose = p_purpose and action in ('list-worklist', 'reach-patient');
  v_grant.reason := case
    when cardinality(p_patients) > 200 or cardinality(v_fields) > 50 or exists (select from unnest(p_patients) as patient_id where patient_id is null)
      or cardinality(v_grant.fields) <> cardinality(v_fields) or (p_reason is not null and not gate.is_code(p_reason)) then 'malformed'
    when not v_allowed.any_role then 'not-permitted'
    when exists (select from unnest(v_fields) as field where not gate.field_fits(field, v_allowed.reads)) then 'field-not-permitted'
    when v_allowed.routine and audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  if v_grant.verdict = 'allowed' then
    v_grant.patient_ids := array(select patient_id from gate.those_in_care(p_patients, v_person.departments) as patient_id);
  end if;
  return gate.issue(v_grant, null, case when gate.is_code(p_reason) then p_reason end);
end $$;
grant execute on function gate.open_listed(text, text, text, uuid[], text[], text) to ct_api;
reset role;

-- ---------------------------------------------------------------- a referral that is over stays over
-- It lasted for ever before, and what it hung on was a row that application logins write: one UPDATE gave the patient back to a ward whose follow-up had ended.

set role ct_gate;
-- As in 0005, but that who is referred anew is in care anew.
create or replace function gate.refer(p_secret text, p_patient uuid, p_department text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['start-enrolment'], p_patient);
begin
  if p_patient is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_code(p_department) then
    perform gate.fail('CT422', 'a department is a code');
  end if;
  -- The row is locked even where nothing is to be changed: whoever would end it meanwhile waits, and then finds the follow-up that it is for.
  insert into gate.referral (patient_id, department, referred_by) values (p_patient, p_department, gate.actor_of(v_grant))
  on conflict (patient_id, department) do update set referred_by = excluded.referred_by, referred_at = excluded.referred_at, over_at = null where referral.over_at is not null;
end $$;

-- Whether the department has anything to do for whoever was referred to it. A conversation that is open, a call that is under way, and what its follow-up was told and has not heard, may yet become
-- an alert.
create function gate.is_needed(p_referral gate.referral) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from care.enrolment where patient_id = (p_referral).patient_id and department = (p_referral).department and (status <> 'ended'
      or exists (select from care.touchpoint join care.conversation using (touchpoint_id) where touchpoint.enrolment_id = enrolment.enrolment_id and closed_at is null)
      or exists (select from care.touchpoint join care.call using (touchpoint_id) where touchpoint.enrolment_id = enrolment.enrolment_id and call.status in ('placed', 'answered'))
      or exists (select from care.inbox where workflow_id = 'follow-up/' || enrolment.enrolment_id::text and applied_at is null)))
    or exists (select from care.escalation where patient_id = (p_referral).patient_id and department = (p_referral).department and status <> 'closed')
    or exists (select from care.task where patient_id = (p_referral).patient_id and department = (p_referral).department and status <> 'done')
$$;

create function gate.end_referral() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_referral gate.referral;
begin
  -- By an old snapshot it would be over while there is an alert.
  if current_setting('transaction_isolation') <> 'read committed' then
    return null;
  end if;
  -- The last two things may be closed at once: the second waits here for the first to be committed, and sees that nothing is left.
  for v_referral in select * from gate.referral where patient_id = new.patient_id and over_at is null order by department for no key update loop
    if not gate.is_needed(v_referral) then
      update gate.referral set over_at = clock_timestamp() where patient_id = v_referral.patient_id and department = v_referral.department;
    end if;
  end loop;
  return null;
end $$;
reset role;

-- At the end of the transaction, when it is known what else it has opened; the referral's lock is then the last that it takes.
-- An ended follow-up is looked at each time that it hears something: what came late has then become an alert, or has not.
create constraint trigger end_referral after update on care.enrolment deferrable initially deferred for each row when (new.status = 'ended') execute function gate.end_referral();
create constraint trigger end_referral after update on care.call deferrable initially deferred for each row when (new.status = 'ended') execute function gate.end_referral();
create constraint trigger end_referral after update on care.escalation deferrable initially deferred for each row when (new.status = 'closed') execute function gate.end_referral();
create constraint trigger end_referral after update on care.task deferrable initially deferred for each row when (new.status = 'done') execute function gate.end_referral();

-- Of those before, what has nothing left to do is over now.
set role ct_gate;
update gate.referral set over_at = clock_timestamp() where not gate.is_needed(referral);
reset role;
