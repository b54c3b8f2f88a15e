-- The whole plan language: series of steps, steps that are moved or judged, advice, readings, reviews, tags, and facts about a patient.

set role ct_care;
alter table care.enrolment
  add column tags text[] not null default '{}', -- codes of the plan's own list, put on by rules and staff
  add column series jsonb not null default '{}', -- how far each series is laid out, by step
  add column paused_at timestamptz;
alter table care.plan
  add column reads jsonb not null default '{}'; -- by step: what its rules and its condition need of facts and earlier answers
alter table care.touchpoint
  add column recurrence_id text not null default '', -- which occurrence of its step, by local date and never by count
  add column moved_from timestamptz,            -- when it was first due, for a late step that its plan moves
  add column judged boolean not null default false, -- its step's condition was judged and lets it go ahead
  add column confirms text[] not null default '{}', -- rules that wait for a second answer
  drop constraint touchpoint_enrolment_id_step_id_key,
  add constraint touchpoint_occurrence unique (enrolment_id, step_id, recurrence_id),
  drop constraint touchpoint_kind_check,
  add constraint touchpoint_kind_check check (kind in ('remind', 'advise', 'ask', 'measure', 'call', 'task', 'review'));
grant update (tags, series, paused_at) on care.enrolment to ct_worker, ct_api;
grant update (moved_from, judged, confirms) on care.touchpoint to ct_worker, ct_api;
reset role;

set role ct_gate;

-- Facts of an enrolment, such as an age or a diagnosis: sealed like every clinical value, under the enrolment's id as row.
update gate.permission set reads = reads || '{enrolment.facts}', writes = writes || '{enrolment.facts}' where action = 'start-enrolment';
update gate.permission set reads = reads || '{enrolment.facts}' where action in ('show-patient', 'show-responses', 'reach-patient', 'record-response');

-- Advice goes the way of a reminder, a reading the way of a question.
create or replace function gate.subject_of(p_subject_kind text, p_subject uuid, p_family text, p_revision bigint) returns gate.contact_subject
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_subject gate.contact_subject;
  v_touchpoint record;
  v_escalation record;
  v_revision bigint;
  v_enrolment_status text;
begin
  if p_subject_kind = 'escalation' then
    -- The lock makes two begins of one page come one after the other.
    select * into v_escalation from care.escalation where escalation_id = p_subject for no key update;
    if not found then
      return v_subject;
    end if;
    v_subject.purpose := 'treatment';
    v_subject.actor_id := 'escalation/' || p_subject::text;
    -- Advice reaches the patient, so the escalation must truly be theirs: an enrolment of theirs, or a message from their own phone of late.
    if p_family = 'page'
      or exists (select from care.enrolment where enrolment_id = v_escalation.enrolment_id and patient_id = v_escalation.patient_id)
      or exists (select from phi.inbound join phi.patient_address on patient_address.address_id = inbound.address_id
        where patient_address.patient_id = v_escalation.patient_id and v_escalation.patient_id = any (inbound.patient_ids) and inbound.stored_at > clock_timestamp() - interval '1 day') then
      v_subject.patient_id := v_escalation.patient_id;
    end if;
    v_subject.is_current := p_family = 'advice' or coalesce(v_escalation.revision = p_revision and v_escalation.status <> 'closed', false);
    return v_subject;
  end if;

  select touchpoint.*, plan.body, plan.reads into v_touchpoint
  from care.touchpoint
  join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id and enrolment.patient_id = touchpoint.patient_id
  join care.plan on plan.plan_id = enrolment.plan_id and plan.version = enrolment.plan_version
  where touchpoint_id = p_subject;
  if not found then
    return v_subject;
  end if;
  v_subject.patient_id := v_touchpoint.patient_id;
  v_subject.purpose := v_touchpoint.purpose;
  v_subject.not_after := v_touchpoint.not_after;
  v_subject.plan_body := v_touchpoint.body;
  v_subject.has_conversation := v_touchpoint.kind in ('ask', 'measure', 'call');
  v_subject.actor_id := case when v_subject.has_conversation then 'questionnaire/' || p_subject::text else 'follow-up/' || v_touchpoint.enrolment_id::text end;
  -- contact_state before enrolment or conversation: a withdrawal that then ends the enrolment takes them in this order too.
  perform from phi.contact_state where patient_id = v_subject.patient_id for no key update;
  case
    when v_touchpoint.kind in ('remind', 'advise') then
      select revision, status into v_revision, v_enrolment_status from care.enrolment where enrolment_id = v_touchpoint.enrolment_id for share;
    when v_subject.has_conversation then
      select revision, address_id into v_revision, v_subject.conversation_address from care.conversation where touchpoint_id = p_subject for no key update;
    else
      null;
  end case;
  if v_enrolment_status is null then
    select status into v_enrolment_status from care.enrolment where enrolment_id = v_touchpoint.enrolment_id;
  end if;
  -- A conversation that was begun goes on through a pause; a reminder waits for its end.
  v_subject.is_current := coalesce(v_revision = p_revision, false) and v_touchpoint.status <> 'done'
    and v_enrolment_status <> 'ended' and not (v_enrolment_status = 'paused' and v_touchpoint.kind in ('remind', 'advise'));
  v_subject.has_news := exists (select from care.inbox where workflow_id = v_subject.actor_id and applied_at is null and event ->> 'kind' <> 'started');
  return v_subject;
end $$;

-- What the rules of these conversations' steps need of their enrolments, as the published plan says, and no more: rows of facts and of
-- earlier answers. Its own answers a conversation may write.
create function gate.read_by_rules(p_touchpoints uuid[], p_address uuid) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with asked as (
    select touchpoint.touchpoint_id, touchpoint.patient_id, touchpoint.enrolment_id, coalesce(plan.reads -> touchpoint.step_id, '[]') as reads
    from care.touchpoint
    join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id and enrolment.patient_id = touchpoint.patient_id
    join care.plan on plan.plan_id = enrolment.plan_id and plan.version = enrolment.plan_version
    -- Only what is under way: of a follow-up that has ended nothing is opened. And only where the gate itself began a contact with this number.
    where touchpoint.touchpoint_id = any (p_touchpoints) and enrolment.status <> 'ended' and touchpoint.status <> 'done'
      and exists (select from care.attempt where attempt.subject_kind = 'touchpoint' and attempt.subject_id = touchpoint.touchpoint_id
        and attempt.address_id = p_address and attempt.status in ('sent', 'claimed', 'unknown')))
  select jsonb_build_object(
    'enrolment.facts', coalesce((select jsonb_agg(distinct enrolment_id) from asked where reads ? 'facts'), '[]'),
    'response.answers', coalesce((
      select jsonb_agg(distinct earlier.touchpoint_id) from asked
      join care.touchpoint as earlier on earlier.enrolment_id = asked.enrolment_id and earlier.patient_id = asked.patient_id where asked.reads ? 'earlier'), '[]'))
$$;

-- The fields of these that a scope has rows of: what the record names is what may be opened.
create function gate.fields_with_rows(p_scope jsonb, p_fields text[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select coalesce(array_agg(field), '{}') from unnest(p_fields) as field where jsonb_array_length(coalesce(p_scope -> field, '[]')) > 0 $$;

create or replace function gate.read(p_secret text)
returns table (patient_id uuid, field text, row_id uuid, version int, key_id uuid, sealed bytea, recorded_at timestamptz, recorded_by text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  if v_grant.verdict <> 'allowed' then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return query
    select distinct on (value.patient_id, value.field, value.row_id)
      value.patient_id, value.field, value.row_id, value.version, value.key_id, value.sealed, value.recorded_at, value.recorded_by
    from phi.value
    where value.patient_id = any (v_grant.patient_ids) and value.field = any (v_grant.fields) and gate.row_fits(v_grant.row_scope, value.field, value.row_id)
      -- A message's right has no epoch, because a STOP changes it in its own course: whoever was erased, or lost the number, is looked for here.
      and (v_grant.action not in ('inbound', 'voice-turn') or exists (
        select from phi.contact_state as state join phi.patient_address as link on link.patient_id = state.patient_id
        where state.patient_id = value.patient_id and state.status <> 'erased' and link.address_id = v_grant.address_id))
    order by value.patient_id, value.field, value.row_id, value.version desc;
end $$;

-- A grant may read more rows of a field than it may write: 'write:<field>' in its scope.
create or replace function gate.put(p_secret text, p_patient uuid, p_field text, p_row uuid, p_version int, p_key uuid, p_sealed bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  if v_grant.verdict <> 'allowed' or p_patient is null or p_field is null or p_row is null or p_version is null
    or not p_patient = any (v_grant.patient_ids) or not p_field = any (v_grant.writes) or not gate.row_fits(v_grant.row_scope, case when v_grant.row_scope ? ('write:' || p_field) then 'write:' || p_field else p_field end, p_row)
    or not exists (select from phi.contact_state where patient_id = p_patient) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if p_version <> 1 + coalesce((select max(version) from phi.value where patient_id = p_patient and field = p_field and row_id = p_row), 0) then
    perform gate.fail('CT409', 'the value was changed in between');
  end if;
  insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by)
  values (p_patient, p_field, p_row, p_version, p_key, p_sealed, gate.actor_of(v_grant));
exception
  when unique_violation then perform gate.fail('CT409', 'the value was changed in between');
  when integrity_constraint_violation then perform gate.fail('CT422', 'a key and a sealed value are needed');
end $$;

create or replace function gate.issue_inbound(p_inbound phi.inbound, p_reason text, p_note text) returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
  v_patients jsonb;
  v_conversations jsonb;
  v_touchpoints jsonb;
begin
  v_grant.actor_kind := 'patient';
  v_grant.actor_id := 'address/' || p_inbound.address_id::text;
  v_grant.action := 'inbound';
  v_grant.purpose := 'treatment';
  v_grant.verdict := case when p_reason is null then 'allowed' else 'refused' end;
  v_grant.reason := p_reason;
  v_grant.address_id := p_inbound.address_id;
  v_grant.patient_ids := array(
    select link.patient_id from phi.patient_address as link where link.address_id = p_inbound.address_id and link.patient_id = any (p_inbound.patient_ids) and link.suspended_at is null order by link.patient_id);
  v_grant.fields := array['conversation.progress', 'patient.name'];
  v_grant.writes := array['conversation.progress', 'inbound.body', 'response.answers'];
  select coalesce(jsonb_agg(jsonb_build_object('patientId', state.patient_id, 'status', state.status, 'language', state.language, 'zone', state.zone, 'department', state.department)
    order by state.patient_id), '[]') into v_patients
  from phi.contact_state as state where state.patient_id = any (v_grant.patient_ids);
  select coalesce(jsonb_agg(jsonb_build_object('touchpointId', conversation.touchpoint_id, 'patientId', conversation.patient_id)), '[]'),
    coalesce(jsonb_agg(conversation.touchpoint_id), '[]') into v_conversations, v_touchpoints
  from care.conversation
  where conversation.address_id = p_inbound.address_id and conversation.closed_at is null and conversation.patient_id = any (v_grant.patient_ids);
  v_grant.row_scope := jsonb_build_object('conversation.progress', v_touchpoints, 'write:response.answers', v_touchpoints, 'inbound.body', jsonb_build_array(p_inbound.inbound_id))
    || gate.read_by_rules(array(select jsonb_array_elements_text(v_touchpoints)::uuid), p_inbound.address_id);
  v_grant.fields := v_grant.fields || gate.fields_with_rows(v_grant.row_scope, array['enrolment.facts', 'response.answers']);
  v_grant.detail := jsonb_build_object('inboundId', p_inbound.inbound_id, 'addressId', p_inbound.address_id,
    'optedOut', (select opted_out_at is not null from phi.address where address_id = p_inbound.address_id))
    || case when p_reason is null then jsonb_build_object('patients', v_patients, 'conversations', v_conversations) else '{"patients": [], "conversations": []}' end;
  return gate.issue(v_grant, 'inbound/' || p_inbound.inbound_id::text, p_note);
end $$;

create or replace function gate.turn_begin(p_call uuid, p_provider_sid text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
  v_call care.call;
  v_attempt care.attempt;
  v_state phi.contact_state;
begin
  select * into v_call from care.call where call_id = p_call;
  v_attempt := gate.attempt_of_call(v_call);
  -- Locked, so that a withdrawal in flight comes before or after, as at a contact's begin.
  select * into v_state from phi.contact_state where patient_id = v_attempt.patient_id for no key update;
  v_grant.actor_kind := 'patient';
  v_grant.actor_id := case when v_call.call_id is null then 'unknown' else 'call/' || p_call::text end;
  v_grant.action := 'voice-turn';
  v_grant.purpose := 'follow-up';
  v_grant.address_id := v_attempt.address_id;
  v_grant.patient_ids := case when v_attempt.patient_id is null then '{}'::uuid[] else array[v_attempt.patient_id] end;
  v_grant.reason := case
    when v_attempt.attempt_id is null then 'no-such-call'
    -- No call lasts this long: the id of an old one opens nothing.
    when v_call.status = 'ended' or v_attempt.claimed_at < clock_timestamp() - make_interval(secs => gate.setting_of('call-seconds')) then 'ended'
    -- A call whose worker died before it wrote the provider's id is still a call; one with another id is not this one.
    when p_provider_sid is null or v_call.provider_sid <> p_provider_sid or v_attempt.provider_sid <> p_provider_sid then 'no-such-call'
    when v_state.status <> 'active' then v_state.status
    when not exists (
      select from phi.consent join care.touchpoint on touchpoint.touchpoint_id = v_call.touchpoint_id and touchpoint.purpose = consent.purpose
      where consent.patient_id = v_attempt.patient_id and consent.channel = 'voice' and consent.withdrawn_at is null) then 'consent-withdrawn'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' else 'refused' end;
  v_grant.fields := array['conversation.progress', 'patient.name'];
  v_grant.writes := array['conversation.progress', 'response.answers'];
  v_grant.row_scope := jsonb_build_object('conversation.progress', jsonb_build_array(v_call.touchpoint_id), 'write:response.answers', jsonb_build_array(v_call.touchpoint_id))
    || gate.read_by_rules(array[v_call.touchpoint_id], v_attempt.address_id);
  v_grant.fields := v_grant.fields || gate.fields_with_rows(v_grant.row_scope, array['enrolment.facts', 'response.answers']);
  v_grant.detail := jsonb_build_object('callId', p_call, 'touchpointId', v_call.touchpoint_id, 'patientId', v_attempt.patient_id, 'addressId', v_attempt.address_id,
    'language', v_state.language, 'zone', v_state.zone, 'record', v_call.record);
  return gate.issue(v_grant, 'call/' || p_call::text, null);
end $$;

-- The right to judge the condition of one due step: of the enrolment's own facts and earlier answers what the condition names.
create function gate.judge_begin(p_touchpoint uuid, p_business_now timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
  v_touchpoint record;
  v_state phi.contact_state;
begin
  select touchpoint.*, enrolment.status as enrolment_status, plan.body, plan.reads into v_touchpoint
  from care.touchpoint
  join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id and enrolment.patient_id = touchpoint.patient_id
  join care.plan on plan.plan_id = enrolment.plan_id and plan.version = enrolment.plan_version
  where touchpoint_id = p_touchpoint;
  select * into v_state from phi.contact_state where patient_id = v_touchpoint.patient_id for no key update;
  v_grant.actor_kind := 'worker';
  v_grant.actor_id := case when v_touchpoint.enrolment_id is null then 'unknown' else 'follow-up/' || v_touchpoint.enrolment_id::text end;
  v_grant.action := 'judge';
  v_grant.purpose := coalesce(v_touchpoint.purpose, 'unknown');
  v_grant.patient_ids := case when v_state.patient_id is null then '{}'::uuid[] else array[v_state.patient_id] end;
  v_grant.patient_epoch := v_state.epoch;
  v_grant.reason := case
    when v_state.patient_id is null or v_touchpoint.status <> 'planned' or v_touchpoint.enrolment_status <> 'active'
      or v_touchpoint.next_at is null or p_business_now is null or v_touchpoint.next_at > p_business_now then 'stale'
    -- Only a step that asks something is judged: nothing is opened for the others.
    when not exists (select from jsonb_array_elements(v_touchpoint.body -> 'steps') as step where step ->> 'id' = v_touchpoint.step_id and (step ? 'when' or step ? 'exclude')) then 'no-condition'
    when v_state.status in ('deceased', 'erased', 'inactive') then 'inactive'
    -- What is for the patient rests on consent, live at this moment; what is for staff, on the care of the patient.
    when v_touchpoint.kind not in ('task', 'review') and not exists (
      select from phi.consent where consent.patient_id = v_state.patient_id and consent.purpose = v_touchpoint.purpose and consent.withdrawn_at is null) then 'consent-withdrawn'
    when audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  v_grant.writes := '{}';
  -- Of the two only what the condition names, as the published plan says.
  v_grant.row_scope := jsonb_build_object(
    'enrolment.facts', case when v_touchpoint.reads -> v_touchpoint.step_id ? 'when-facts' then jsonb_build_array(v_touchpoint.enrolment_id) else '[]'::jsonb end,
    'response.answers', (select coalesce(jsonb_agg(other.touchpoint_id), '[]') from care.touchpoint as other
      where v_touchpoint.reads -> v_touchpoint.step_id ? 'when-earlier' and other.enrolment_id = v_touchpoint.enrolment_id and other.patient_id = v_touchpoint.patient_id));
  v_grant.fields := gate.fields_with_rows(v_grant.row_scope, array['enrolment.facts', 'response.answers']);
  v_grant.detail := jsonb_build_object('patientId', v_state.patient_id, 'enrolmentId', v_touchpoint.enrolment_id);
  return gate.issue(v_grant, 'touchpoint/' || p_touchpoint::text, null);
end $$;
grant execute on function gate.judge_begin(uuid, timestamptz) to ct_worker;

-- Whom a rung pages is the worker's affair alone.
revoke execute on function gate.rota(text) from ct_api;

reset role;

-- Replaced or new, a function that runs as its owner prints no plan to the client.
do $$
declare
  v_function regprocedure;
  v_knob text;
begin
  for v_function in select pg_proc.oid from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where prosecdef and nspname = 'gate' and proname in ('put', 'read', 'turn_begin', 'judge_begin') loop
    foreach v_knob in array array['debug_print_parse', 'debug_print_rewritten', 'debug_print_plan'] loop
      execute format('alter function %s set %I = off', v_function, v_knob);
    end loop;
  end loop;
end $$;
