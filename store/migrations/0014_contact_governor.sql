-- One governor for all plans of a patient: caps by day, week and channel, spacing, releases spread after quiet hours, and reminders
-- that are due together going as one message. All of it is decided inside the claim, under the lock of the patient's contact_state,
-- so that two plans at the same second see each other. domain/contact/governor.ts is the same rule, and a test compares the two.

set role ct_care;
-- The contact whose message carries this one; null: it has a message of its own.
alter table care.attempt add column merged_into uuid references care.attempt;
create index attempt_merged on care.attempt (merged_into) where merged_into is not null;
-- The claim of a reminder that goes with another's is told to its follow-up in the same transaction.
grant insert (workflow_id, event, at) on care.inbox to ct_gate;
grant select (workflow_id, closed_at) on care.thread to ct_gate;
reset role;

set role ct_gate;
-- Why these numbers: docs/contact-limits.md. The operator's own are set with the migration.
insert into gate.setting (name, value) values
  ('weekly-contact-cap', 20),
  ('daily-sms-cap', 8), ('weekly-sms-cap', 20),
  ('daily-email-cap', 3), ('weekly-email-cap', 10),
  ('daily-voice-cap', 3), ('weekly-voice-cap', 7),
  ('contact-spacing-seconds', 600),             -- between contacts of different steps; 0: none
  ('release-spread-seconds', 1800),             -- over which what quiet hours held goes out
  ('merge-window-seconds', 1800),               -- reminders due so soon go along with one that goes now; 0: only what is due
  ('merge-most', 3);                            -- others that one message may carry

alter type gate.contact_subject add attribute seed text, add attribute may_merge boolean;

-- In the function as it stands, so that all else of it stays as it is.
do $$
declare
  v_before text;
  v_after text;
begin
  v_before := pg_get_functiondef('gate.subject_of(text, uuid, text, bigint)'::regprocedure);
  v_after := replace(v_before, '  v_subject.plan_body := v_touchpoint.body;
', '  v_subject.plan_body := v_touchpoint.body;
  v_subject.seed := v_touchpoint.enrolment_id::text || ''/'' || v_touchpoint.step_id || ''/'' || v_touchpoint.recurrence_id;
  v_subject.may_merge := v_touchpoint.kind = ''remind'' and gate.may_merge(gate.step_of(v_touchpoint.body, v_touchpoint.step_id));
');
  if v_after = v_before then
    raise exception 'gate.subject_of is not as 0013 wrote it';
  end if;
  execute v_after;
end $$;

create function gate.step_of(p_plan jsonb, p_step text) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select step from jsonb_array_elements(p_plan -> 'steps') as step where step ->> 'id' = p_step limit 1 $$;

-- Whether a step may go out in one message with another: what its author called sensitive never does.
create function gate.may_merge(p_step jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select coalesce(p_step ->> 'kind' = 'remind' and not coalesce((p_step ->> 'sensitive')::boolean, false), false) $$;

-- A seed's place between 0 and 1: FNV-1a and the finaliser of MurmurHash3, as shareOf in domain/time/share.ts.
create function gate.share_of(p_seed text) returns double precision
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_hash bigint := 2166136261;
  v_factor bigint;
begin
  for v_index in 1 .. length(p_seed) loop
    v_hash := ((v_hash # ascii(substr(p_seed, v_index, 1))) * 16777619) & 4294967295;
  end loop;
  foreach v_factor in array array[2246822507, 3266489909] loop
    v_hash := v_hash # (v_hash >> case v_factor when 2246822507 then 16 else 13 end);
    -- By halves, since the whole product is wider than a bigint.
    v_hash := ((((v_hash * (v_factor >> 16)) & 65535) << 16) + v_hash * (v_factor & 65535)) & 4294967295;
  end loop;
  return (v_hash # (v_hash >> 16)) / 4294967296.0::double precision;
end $$;

-- When what quiet hours hold is released: somewhat after they end, each at its own moment, within its bound and within the hours.
create function gate.release_at(p_plan jsonb, p_zone text, p_opens timestamptz, p_not_after timestamptz, p_seed text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_hours int := extract(epoch from coalesce(p_plan -> 'contactHours' ->> 'to', '21:00')::time - coalesce(p_plan -> 'contactHours' ->> 'from', '08:00')::time)::int;
  v_seconds int := gate.setting_of('release-spread-seconds');
  v_at timestamptz;
begin
  v_seconds := least(v_seconds, case when v_hours > 0 then v_hours else v_hours + 86400 end / 2);
  if p_not_after >= p_opens then
    v_seconds := least(v_seconds, floor(extract(epoch from p_not_after - p_opens)));
  end if;
  v_at := p_opens + make_interval(secs => floor(gate.share_of(coalesce(p_seed, '')) * v_seconds));
  return case when gate.hours_begin(p_plan, p_zone, v_at) is null then v_at else p_opens end;
end $$;

-- The cap, or the spacing, that holds longest at an instant; no row when none does. What was claimed or is unknown counts as sent;
-- one message counts once, however many it carries. Hours, never days: a day of the session's zone may have 23.
create function gate.cap_of(p_patient uuid, p_subject uuid, p_but uuid, p_channel text, p_now timestamptz) returns table (reason text, until timestamptz)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with counted as (
    select subject_id, channel, begun_at from care.attempt
    where patient_id = p_patient and attempt_id is distinct from p_but and merged_into is null and status in ('sent', 'claimed', 'unknown')
      and split_part(kind, '-', 1) in ('remind', 'first', 'again', 'nudge', 'call') and begun_at > p_now - interval '168 hours')
  select bound.reason, bound.until
  from (
    select cap.place, cap.reason, nth.begun_at + make_interval(hours => cap.hours) as until
    from (values
      (1, 'daily-cap', null, 24, gate.setting_of('daily-contact-cap')),
      (2, 'weekly-cap', null, 168, gate.setting_of('weekly-contact-cap')),
      (3, 'channel-cap', p_channel, 24, gate.setting_of('daily-' || p_channel || '-cap')),
      (4, 'channel-cap', p_channel, 168, gate.setting_of('weekly-' || p_channel || '-cap'))) as cap (place, reason, channel, hours, most)
    cross join lateral (
      select begun_at from counted
      where (cap.channel is null or counted.channel = cap.channel) and begun_at > p_now - make_interval(hours => cap.hours)
      order by begun_at desc offset cap.most - 1 limit 1) as nth
    union all
    -- Contacts of one step follow each other as the step itself has it.
    select 5, 'spacing', max(begun_at) + make_interval(secs => gate.setting_of('contact-spacing-seconds')) from counted where subject_id <> p_subject) as bound
  where bound.until > p_now
  order by bound.until desc, bound.place limit 1
$$;
drop function gate.cap_ends(uuid, uuid, timestamptz);

-- Until when hours, caps and spacing together hold a contact, and by which of them; no row when it may go now. The end of one hold may lie
-- within another: one answer tells when it can truly go, so that lateness is judged once and on that.
create function gate.hold_of(p_subject gate.contact_subject, p_state phi.contact_state, p_subject_id uuid, p_but uuid, p_channel text, p_not_after timestamptz, p_now timestamptz)
returns table (reason text, until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz := p_now;
  v_opens timestamptz;
  v_cap record;
begin
  for v_round in 1 .. 8 loop
    v_opens := gate.hours_begin(p_subject.plan_body, p_state.zone, v_at);
    if v_opens is not null then
      reason := coalesce(reason, 'quiet-hours');
      v_at := gate.release_at(p_subject.plan_body, p_state.zone, v_opens, p_not_after, p_subject.seed);
      continue;
    end if;
    select * into v_cap from gate.cap_of(p_state.patient_id, p_subject_id, p_but, p_channel, v_at);
    exit when not found;
    reason := v_cap.reason;
    v_at := v_cap.until;
  end loop;
  if reason is not null then
    until := v_at;
    return next;
  end if;
end $$;

-- The reminders that go along in the message of one that is claimed: of the same patient, channel and number, due or soon due, each by its own
-- plan's hours, its own bound and its own consent. They are claimed with it, recorded each, and their follow-ups told: all or nothing. A follow-up that is busy
-- at this moment, or was told something that it has not heard, is left alone. When the message was begun before, they are those of then.
create function gate.merge(p_lead care.attempt, p_grant gate.grant_, p_zone text, p_takeover boolean) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_free uuid[];
  v_other record;
  v_event audit.event;
begin
  if p_takeover then
    update care.attempt set status = p_lead.status, lease_until = p_lead.lease_until, begun_xact = pg_current_xact_id() where merged_into = p_lead.attempt_id and status in ('claimed', 'unknown');
  else
    v_free := array(select enrolment_id from care.enrolment where patient_id = p_lead.patient_id and status = 'active' for share skip locked);
    for v_other in
      select touchpoint.touchpoint_id, touchpoint.purpose, 'follow-up/' || touchpoint.enrolment_id as workflow_id, case touchpoint.round when 0 then 'first' else 'again-' || touchpoint.round end as kind
      from care.touchpoint
      join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id and enrolment.patient_id = touchpoint.patient_id
      join care.plan on plan.plan_id = enrolment.plan_id and plan.version = enrolment.plan_version
      join care.thread on thread.workflow_id = 'follow-up/' || touchpoint.enrolment_id and thread.closed_at is null
      cross join lateral gate.step_of(plan.body, touchpoint.step_id) as step
      where touchpoint.patient_id = p_lead.patient_id and touchpoint.touchpoint_id <> p_lead.subject_id and touchpoint.enrolment_id = any (v_free)
        and touchpoint.kind = 'remind' and touchpoint.status = 'planned' and gate.may_merge(step) and (touchpoint.judged or not step ? 'when')
        and touchpoint.next_at <= p_lead.begun_at + make_interval(secs => gate.setting_of('merge-window-seconds'))
        and (touchpoint.not_after is null or touchpoint.not_after >= p_lead.begun_at)
        and p_lead.channel = (
          select channel from jsonb_array_elements_text(coalesce(step -> 'channels', plan.body -> 'channels')) with ordinality as listed (channel, place)
          where channel in ('sms', 'email') order by place offset touchpoint.channel_index limit 1)
        and gate.hours_begin(plan.body, p_zone, p_lead.begun_at) is null
        and exists (select from phi.consent where consent.patient_id = p_lead.patient_id and consent.purpose = touchpoint.purpose and consent.channel = p_lead.channel and consent.withdrawn_at is null)
        and not exists (select from care.inbox where inbox.workflow_id = thread.workflow_id and applied_at is null and event ->> 'kind' <> 'started')
        and not exists (select from care.attempt where subject_kind = 'touchpoint' and subject_id = touchpoint.touchpoint_id and attempt.channel = p_lead.channel
          and attempt.kind = case touchpoint.round when 0 then 'first' else 'again-' || touchpoint.round end and attempt.status <> 'held')
      order by touchpoint.due_at, touchpoint.step_id, touchpoint.touchpoint_id
      limit gate.setting_of('merge-most')
    loop
      v_event := row(gen_random_uuid(), clock_timestamp(), p_grant.actor_kind, v_other.workflow_id, p_grant.action, v_other.purpose, 'allowed', null, p_grant.patient_ids,
        'touchpoint/' || v_other.touchpoint_id, p_grant.fields, v_other.kind || '/' || p_lead.channel || '/into/' || p_lead.subject_id, substr(gate.random_bytes(), 1, 16));
      insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, address_id, status, begun_xact, first_claimed_at, claimed_at, lease_until, begun_at, receipt, merged_into)
      values (gen_random_uuid(), 'touchpoint', v_other.touchpoint_id, v_other.kind, p_lead.channel, p_lead.patient_id, p_lead.address_id, 'claimed', pg_current_xact_id(),
        p_lead.first_claimed_at, p_lead.claimed_at, p_lead.lease_until, p_lead.begun_at, gate.record(v_event), p_lead.attempt_id)
      on conflict (subject_kind, subject_id, kind, channel) do update set status = excluded.status, reason = null, address_id = excluded.address_id, begun_xact = excluded.begun_xact, first_claimed_at = excluded.first_claimed_at,
        claimed_at = excluded.claimed_at, lease_until = excluded.lease_until, begun_at = excluded.begun_at, ended_at = null, takeovers = 0, receipt = excluded.receipt, merged_into = excluded.merged_into;
      insert into care.inbox (workflow_id, event, at)
      values (v_other.workflow_id, jsonb_build_object('kind', 'merged', 'touchpointId', v_other.touchpoint_id, 'into', p_lead.subject_id, 'channel', p_lead.channel), p_lead.begun_at);
    end loop;
  end if;
  return (select coalesce(jsonb_agg(touchpoint.touchpoint_id order by touchpoint.due_at, touchpoint.step_id, touchpoint.touchpoint_id), '[]')
    from care.attempt join care.touchpoint on touchpoint.touchpoint_id = attempt.subject_id where attempt.merged_into = p_lead.attempt_id and attempt.status = 'claimed');
end $$;

-- What a message carried shares its fate from the moment that the provider has it, or may have; before that it is as if it had never been merged.
create function gate.settle_merged(p_lead care.attempt) returns void
language sql set search_path = pg_catalog, pg_temp
as $$
  update care.attempt set
    status = case when p_lead.status in ('sent', 'unknown') then p_lead.status else 'held' end,
    reason = case when p_lead.status in ('sent', 'unknown') then p_lead.reason else 'merged' end,
    merged_into = case when p_lead.status in ('sent', 'unknown') then merged_into end,
    lease_until = least(lease_until, p_lead.lease_until), ended_at = case when p_lead.status = 'sent' then p_lead.ended_at end
  where merged_into = p_lead.attempt_id and status in ('claimed', 'unknown') and p_lead.status <> 'claimed'
$$;

-- Leaves some out of a message that was not sent yet: they did not fit in it, or have no text. By right of having begun; it can name only what the claim took.
create function gate.unmerge(p_attempt uuid, p_touchpoints uuid[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
  -- The lead before what it carries, as its end takes them.
  select from care.attempt where attempt_id = p_attempt for update;
  update care.attempt set status = 'held', reason = 'merged', merged_into = null, lease_until = clock_timestamp()
  where merged_into = p_attempt and subject_id = any (p_touchpoints) and status = 'claimed'
    and exists (select from care.attempt as lead where lead.attempt_id = p_attempt and lead.status = 'claimed' and lead.takeovers = 0)
$$;
grant execute on function gate.unmerge(uuid, uuid[]) to ct_worker;

create or replace function gate.contact_begin(p_subject_kind text, p_subject uuid, p_kind text, p_channel text, p_attempt uuid, p_revision bigint, p_business_now timestamptz, p_lease_seconds int) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_family text := split_part(p_kind, '-', 1);
  v_is_page boolean := v_family = 'page';
  v_subject gate.contact_subject;
  v_state phi.contact_state;
  v_address record;
  v_attempt care.attempt;
  v_exists boolean;
  v_takeover boolean := false;
  v_grant gate.grant_;
  v_hold_until timestamptz;
  v_merged jsonb := '[]';
  v_now timestamptz;
  v_receipt bytea;
  v_secret text;
begin
  if p_subject_kind is null or p_subject_kind not in ('touchpoint', 'escalation') or p_channel is null or p_channel not in ('sms', 'email', 'voice')
    or p_kind is null or p_kind !~ '^(remind|first|advice|(again|nudge|question|call|page)-[0-9]{1,9})$'
    or (p_subject_kind = 'escalation') <> (v_family in ('page', 'advice'))
    or p_subject is null or p_attempt is null or p_business_now is null or p_lease_seconds is null or p_lease_seconds not between 5 and 300 then
    perform gate.fail('CT422', 'a contact needs subject, kind, channel, attempt, revision, instant and a lease of 5 to 300 seconds');
  end if;
  -- Locks first, in their one order: escalation, contact_state, enrolment or conversation, attempt, address.
  v_subject := gate.subject_of(p_subject_kind, p_subject, v_family, p_revision);
  select * into v_state from phi.contact_state where patient_id = v_subject.patient_id and not v_is_page for no key update;
  select * into v_attempt from care.attempt where subject_kind = p_subject_kind and subject_id = p_subject and kind = p_kind and channel = p_channel for update;
  v_exists := found;
  v_now := clock_timestamp();
  v_takeover := v_exists and (v_attempt.status = 'unknown' or (v_attempt.status = 'claimed' and v_attempt.lease_until <= v_now));

  -- The address that this contact already went to, or that the conversation is open on, before the preferred one.
  select patient_address.address_id, patient_address.row_id into v_address
  from phi.patient_address join phi.address on address.address_id = patient_address.address_id
  where patient_address.patient_id = v_state.patient_id and patient_address.suspended_at is null
    and address.kind = case p_channel when 'email' then 'email' else 'phone' end
  order by (v_takeover and patient_address.address_id = v_attempt.address_id) desc nulls last,
    (patient_address.address_id = v_subject.conversation_address) desc nulls last, patient_address.rank, patient_address.address_id
  limit 1;
  v_grant.address_id := v_address.address_id;
  select epoch into v_grant.address_epoch from phi.address where address_id = v_address.address_id for no key update;

  v_grant.actor_kind := 'worker';
  v_grant.actor_id := coalesce(v_subject.actor_id, 'unknown');
  v_grant.purpose := case v_family when 'advice' then 'treatment' else coalesce(v_subject.purpose, 'unknown') end;
  v_grant.action := 'contact';
  v_grant.patient_ids := case when v_subject.patient_id is null then '{}'::uuid[] else array[v_subject.patient_id] end;
  v_grant.patient_epoch := v_state.epoch;
  v_grant.verdict := 'refused';

  v_grant.reason := case
    -- What others' reminders went with is awaited and looked up, whatever became of its own follow-up: nobody else can tell theirs.
    when v_subject.patient_id is null or not (v_subject.is_current or exists (select from care.attempt where merged_into = v_attempt.attempt_id and status in ('claimed', 'unknown'))) then 'stale'
    -- It goes out with another, or has gone out so: its thread has been told, and looks.
    when v_attempt.merged_into is not null then 'stale'
    -- Its thread was told something that it has not heard, such as a pause: it looks before it begins anything. What may be out already is looked up all the same.
    when v_subject.has_news and not v_exists then 'stale'
    when v_subject.has_news and v_attempt.status = 'held' then 'stale'
    when v_exists and v_attempt.status in ('sent', 'refused', 'unreachable') then 'ended'
    when v_exists and v_attempt.status = 'claimed' and v_attempt.lease_until > v_now then 'busy'
    -- A page goes to staff: no patient field, no consent; it is recorded all the same.
    when v_is_page then null
    when v_state.patient_id is null then 'inactive'
    when v_state.status = 'deceased' then 'deceased'
    when v_state.status = 'erased' then 'inactive'
    -- A patient who writes of chest pain is told what to do, in hospital or out of the programme too.
    when v_state.status in ('admitted', 'inactive') and v_family <> 'advice' then v_state.status
    -- Lateness binds the beginning only: a nudge follows what was begun in time.
    when v_family in ('remind', 'first', 'again', 'call') and v_subject.not_after < p_business_now
      and not exists (select from care.attempt where subject_kind = p_subject_kind and subject_id = p_subject and status = 'sent') then 'expired'
    when v_grant.address_id is null then
      case when exists (
        select from phi.patient_address join phi.address on address.address_id = patient_address.address_id
        where patient_address.patient_id = v_state.patient_id and address.kind = case p_channel when 'email' then 'email' else 'phone' end)
      then 'address-suspended' else 'no-address' end
    -- What may already have gone to a number is looked up at that number, or not at all.
    when v_takeover and v_attempt.address_id is distinct from v_grant.address_id then 'address-suspended'
    -- An opted-out number gets nothing that we begin: not even advice.
    when exists (select from phi.address where address_id = v_grant.address_id and opted_out_at is not null) then 'opted-out'
    -- Advice rests on vital interest: it asks for no consent.
    when v_family <> 'advice' and not exists (
      select from phi.consent where patient_id = v_state.patient_id and purpose = v_subject.purpose and channel = p_channel and withdrawn_at is null) then
      case when exists (select from phi.consent where patient_id = v_state.patient_id and purpose = v_subject.purpose and channel = p_channel)
      then 'consent-withdrawn' else 'no-consent' end
  end;

  -- What merely waits. Hours, caps and spacing bind what we begin: not advice, not an answer to the patient.
  if v_grant.reason is null and not v_is_page and v_family <> 'advice' then
    v_grant.verdict := 'held';
    if v_family <> 'question' and exists (select from phi.inbound where address_id = v_grant.address_id and handled_at is null) then
      v_grant.reason := 'reply-waiting';
      v_hold_until := p_business_now + make_interval(secs => gate.setting_of('reply-waiting-retry-seconds'));
    elsif v_subject.has_conversation and p_channel <> 'email' and v_family in ('first', 'call') and exists (
      select from care.conversation where address_id = v_grant.address_id and closed_at is null and touchpoint_id <> p_subject) then
      v_grant.reason := 'number-busy';
      v_hold_until := p_business_now + make_interval(secs => gate.setting_of('number-busy-retry-seconds'));
    end if;
    -- An answer within a conversation goes out as it is written; what may be out already is looked for at any hour.
    if v_grant.reason is null and v_family <> 'question' and not v_takeover then
      select held.reason, held.until into v_grant.reason, v_hold_until
      from gate.hold_of(v_subject, v_state, p_subject, v_attempt.attempt_id, p_channel, case when v_family <> 'nudge' then v_subject.not_after end, p_business_now) as held;
    end if;
    if v_grant.reason is null and audit.is_behind(gate.setting_of('ledger-behind-seconds')) then
      v_grant.reason := 'ledger-behind';
      v_hold_until := p_business_now + make_interval(secs => gate.setting_of('ledger-behind-retry-seconds'));
    end if;
  end if;
  if v_grant.reason is null then
    v_grant.verdict := 'allowed';
  elsif v_grant.reason = 'busy' then
    v_grant.verdict := 'held';
  end if;

  -- Exactly what this contact needs, and of the address and the conversation exactly the one row.
  v_grant.fields := case
    when v_is_page then '{}'::text[]
    when v_family in ('advice', 'call') then array['address.value']
    when v_subject.has_conversation then array['address.value', 'conversation.progress', 'patient.name']
    else array['address.value', 'patient.name'] end;
  v_grant.writes := case when v_subject.has_conversation and v_family in ('first', 'call') then array['conversation.progress'] else '{}'::text[] end;
  v_grant.row_scope := jsonb_build_object('address.value', jsonb_build_array(v_address.row_id), 'conversation.progress', jsonb_build_array(p_subject));

  if v_grant.reason is null or v_grant.reason not in ('stale', 'ended', 'busy') then
    v_attempt := gate.claim(v_attempt, v_grant, p_subject_kind, p_subject, p_kind, p_channel, p_attempt, p_business_now, v_takeover, p_lease_seconds);
    if v_grant.verdict = 'allowed' and (v_subject.may_merge or v_takeover) then
      select * into v_attempt from care.attempt where attempt_id = v_attempt.attempt_id;
      v_merged := gate.merge(v_attempt, v_grant, v_state.zone, v_takeover);
    end if;
    if v_grant.verdict = 'allowed' and v_subject.has_conversation and p_channel <> 'email' and v_family in ('first', 'call') then
      update care.conversation set address_id = v_grant.address_id where touchpoint_id = p_subject and address_id is distinct from v_grant.address_id;
    end if;
  end if;
  v_grant.expires_at := case when v_grant.verdict = 'allowed' then v_attempt.lease_until else v_grant.expires_at end;
  v_grant.detail := jsonb_build_object(
    'attemptId', coalesce(v_attempt.attempt_id, p_attempt), 'patientId', v_subject.patient_id,
    'addressId', v_grant.address_id, 'addressRowId', v_address.row_id, 'language', v_state.language, 'zone', v_state.zone,
    'leaseUntil', gate.iso(v_attempt.lease_until), 'takeover', v_takeover, 'current', v_subject.is_current, 'holdUntil', gate.iso(v_hold_until), 'merged', v_merged,
    'ended', case when v_grant.reason = 'ended' then jsonb_build_object('status', v_attempt.status, 'reason', v_attempt.reason, 'providerSid', v_attempt.provider_sid) end);
  v_secret := gate.issue(v_grant, p_subject_kind || '/' || p_subject::text, p_kind || '/' || p_channel || case when v_takeover then '/takeover' else '' end);
  if v_grant.reason is null or v_grant.reason not in ('stale', 'ended', 'busy') then
    select receipt into v_receipt from gate.grant_ where secret_hash = sha256(convert_to(v_secret, 'UTF8'));
    update care.attempt set receipt = v_receipt where attempt_id = v_attempt.attempt_id;
  end if;
  return v_secret;
exception
  when integrity_constraint_violation then
    perform gate.fail('CT409', 'this attempt id is in use, or the number has just got another conversation');
    return null;
end $$;

-- In the functions as they stand: what a message carried follows it, in the same statement's transaction.
do $$
declare
  v_before text := pg_get_functiondef('gate.contact_end(uuid, text, text, text, bytea, timestamptz)'::regprocedure);
  v_after text := replace(v_before, '  return query select v_attempt.attempt_id', '  perform gate.settle_merged(v_attempt);
  return query select v_attempt.attempt_id');
begin
  if v_after = v_before then
    raise exception 'gate.contact_end is not as 0006 wrote it';
  end if;
  execute v_after;
  v_before := pg_get_functiondef('gate.attempt_receipt(text, uuid, text, int, text)'::regprocedure);
  v_after := replace(v_before, '    where attempt.attempt_id = v_attempt.attempt_id returning * into v_attempt;
', '    where attempt.attempt_id = v_attempt.attempt_id returning * into v_attempt;
    perform gate.settle_merged(v_attempt);
');
  if v_after = v_before then
    raise exception 'gate.attempt_receipt is not as 0006 wrote it';
  end if;
  execute v_after;
end $$;

reset role;
