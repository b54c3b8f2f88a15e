-- A contact's begin and end. The worker names no actor, no patient and no field: all three come from the due row.

set role ct_gate;

-- What a contact is about, as the due row says; `patient_id` null: nothing is due under that name.
create type gate.contact_subject as (
  patient_id uuid, purpose text, actor_id text, not_after timestamptz, plan_body jsonb, is_current boolean, has_news boolean, has_conversation boolean, conversation_address uuid);

create function gate.subject_of(p_subject_kind text, p_subject uuid, p_family text, p_revision bigint) returns gate.contact_subject
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

  select touchpoint.*, plan.body into v_touchpoint
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
  v_subject.has_conversation := v_touchpoint.kind in ('ask', 'call');
  v_subject.actor_id := case when v_subject.has_conversation then 'questionnaire/' || p_subject::text else 'follow-up/' || v_touchpoint.enrolment_id::text end;
  -- contact_state before enrolment or conversation: a withdrawal that then ends the enrolment takes them in this order too.
  perform from phi.contact_state where patient_id = v_subject.patient_id for no key update;
  case
    when v_touchpoint.kind = 'remind' then
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
    and v_enrolment_status <> 'ended' and not (v_enrolment_status = 'paused' and v_touchpoint.kind = 'remind');
  v_subject.has_news := exists (select from care.inbox where workflow_id = v_subject.actor_id and applied_at is null and event ->> 'kind' <> 'started');
  return v_subject;
end $$;

-- Null within contact hours; else when they next begin. `from` later than `to` means a window over midnight.
create function gate.hours_begin(p_plan jsonb, p_zone text, p_now timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_from time := coalesce(p_plan -> 'contactHours' ->> 'from', '08:00');
  v_to time := coalesce(p_plan -> 'contactHours' ->> 'to', '21:00');
  v_local timestamp := p_now at time zone p_zone;
begin
  if (v_from <= v_to and v_local::time >= v_from and v_local::time < v_to) or (v_from > v_to and (v_local::time >= v_from or v_local::time < v_to)) then
    return null;
  end if;
  return (v_local::date + v_from + case when v_local::time < v_from then interval '0' else interval '1 day' end) at time zone p_zone;
end $$;

-- Null below the cap; else when the oldest contact that counts is a day old.
create function gate.cap_ends(p_patient uuid, p_but uuid, p_now timestamptz) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select begun_at + interval '24 hours'
  from care.attempt
  where patient_id = p_patient and attempt_id is distinct from p_but and status in ('sent', 'claimed', 'unknown')
    and split_part(kind, '-', 1) in ('remind', 'first', 'again', 'nudge', 'call') and begun_at > p_now - interval '24 hours'
  order by begun_at desc
  offset gate.setting_of('daily-contact-cap') - 1 limit 1
$$;

create function gate.contact_begin(p_subject_kind text, p_subject uuid, p_kind text, p_channel text, p_attempt uuid, p_revision bigint, p_business_now timestamptz, p_lease_seconds int) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_family text := split_part(p_kind, '-', 1);
  v_is_page boolean;
  v_subject gate.contact_subject;
  v_state phi.contact_state;
  v_address record;
  v_attempt care.attempt;
  v_exists boolean;
  v_takeover boolean := false;
  v_grant gate.grant_;
  v_hold_until timestamptz;
  v_now timestamptz;
  v_receipt bytea;
  v_secret text;
begin
  if p_subject_kind is null or p_subject_kind not in ('touchpoint', 'escalation') or p_channel is null or p_channel not in ('sms', 'email', 'voice')
    or p_kind is null or p_kind !~ '^(remind|first|advice|(again|nudge|question|call|page)-[0-9]{1,4})$'
    or (p_subject_kind = 'escalation') <> (v_family in ('page', 'advice'))
    or p_subject is null or p_attempt is null or p_business_now is null or p_lease_seconds is null or p_lease_seconds not between 5 and 300 then
    perform gate.fail('CT422', 'a contact needs subject, kind, channel, attempt, revision, instant and a lease of 5 to 300 seconds');
  end if;
  v_is_page := v_family = 'page';

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
    when v_subject.patient_id is null or not v_subject.is_current then 'stale'
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

  -- What merely waits. Hours and cap bind what we begin: not advice, not an answer to the patient.
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
    if v_grant.reason is null and v_family <> 'question' then
      v_hold_until := gate.hours_begin(v_subject.plan_body, v_state.zone, p_business_now);
      v_grant.reason := case when v_hold_until is not null then 'quiet-hours' end;
    end if;
    if v_grant.reason is null and v_family <> 'question' then
      v_hold_until := gate.cap_ends(v_state.patient_id, v_attempt.attempt_id, p_business_now);
      v_grant.reason := case when v_hold_until is not null then 'daily-cap' end;
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
    if v_grant.verdict = 'allowed' and v_subject.has_conversation and p_channel <> 'email' and v_family in ('first', 'call') then
      update care.conversation set address_id = v_grant.address_id where touchpoint_id = p_subject and address_id is distinct from v_grant.address_id;
    end if;
  end if;
  if v_grant.verdict = 'allowed' then
    v_grant.expires_at := v_attempt.lease_until;
  end if;
  v_grant.detail := jsonb_build_object(
    'attemptId', coalesce(v_attempt.attempt_id, p_attempt), 'patientId', v_subject.patient_id,
    'addressId', v_grant.address_id, 'addressRowId', v_address.row_id, 'language', v_state.language, 'zone', v_state.zone,
    'leaseUntil', gate.iso(v_attempt.lease_until), 'takeover', v_takeover, 'holdUntil', gate.iso(v_hold_until),
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

-- Writes what begin decided. A contact that may already have gone out stays unresolved, whatever is decided now.
create function gate.claim(p_before care.attempt, p_grant gate.grant_, p_subject_kind text, p_subject uuid, p_kind text, p_channel text, p_attempt uuid,
  p_business_now timestamptz, p_takeover boolean, p_lease_seconds int) returns care.attempt
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_attempt care.attempt := p_before;
begin
  v_attempt.status := case when p_grant.verdict = 'allowed' then 'claimed' when p_takeover then 'unknown' else p_grant.verdict end;
  v_attempt.reason := p_grant.reason;
  v_attempt.ended_at := case when v_attempt.status = 'refused' then p_business_now end;
  if not p_takeover then
    -- A takeover keeps the first begin: the look-up at the provider reaches back to it.
    v_attempt.begun_at := p_business_now;
    v_attempt.address_id := p_grant.address_id;
    v_attempt.first_claimed_at := v_now;
    v_attempt.takeovers := 0;
  end if;
  v_attempt.claimed_at := v_now;
  v_attempt.lease_until := case when v_attempt.status = 'claimed' then v_now + make_interval(secs => p_lease_seconds) else v_now end;
  v_attempt.takeovers := coalesce(v_attempt.takeovers, 0) + case when p_takeover and v_attempt.status = 'claimed' then 1 else 0 end;
  if p_before.attempt_id is null then
    v_attempt.attempt_id := p_attempt;
    insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, address_id, status, reason, begun_xact, first_claimed_at, claimed_at, lease_until, begun_at, ended_at)
    -- A page is no contact with the patient: it neither counts for the cap nor concerns a withdrawal.
    values (p_attempt, p_subject_kind, p_subject, p_kind, p_channel, case when split_part(p_kind, '-', 1) <> 'page' then p_grant.patient_ids[1] end, p_grant.address_id,
      v_attempt.status, v_attempt.reason, pg_current_xact_id(), v_now, v_now, v_attempt.lease_until, v_attempt.begun_at, v_attempt.ended_at);
  else
    update care.attempt set status = v_attempt.status, reason = v_attempt.reason, begun_xact = pg_current_xact_id(), first_claimed_at = v_attempt.first_claimed_at, claimed_at = v_attempt.claimed_at, lease_until = v_attempt.lease_until,
      begun_at = v_attempt.begun_at, ended_at = v_attempt.ended_at, address_id = v_attempt.address_id, takeovers = v_attempt.takeovers
    where attempt_id = v_attempt.attempt_id;
  end if;
  return v_attempt;
end $$;

-- Write-only, and by right of having begun: it survives a withdrawal, a lease that ran out and a lost answer, and may be repeated.
create function gate.contact_end(p_attempt uuid, p_status text, p_reason text, p_provider_sid text, p_body_digest bytea, p_business_now timestamptz)
returns table (attempt_id uuid, status text, reason text, provider_sid text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_attempt care.attempt;
  v_status text;
begin
  if p_status is null or p_status not in ('sent', 'held', 'refused', 'unreachable', 'unknown') or (p_reason is not null and not gate.is_code(p_reason))
    or (p_provider_sid is not null and not gate.is_code(p_provider_sid)) or p_business_now is null then
    perform gate.fail('CT422', 'a contact ends as sent, held, refused, unreachable or unknown, with a code as its reason');
  end if;
  select * into v_attempt from care.attempt where attempt.attempt_id = p_attempt for update;
  if not found then
    perform gate.fail('CT422', 'no such attempt');
  end if;
  if v_attempt.provider_sid is not null and p_provider_sid is not null and v_attempt.provider_sid <> p_provider_sid then
    perform gate.fail('CT409', 'this contact went out under another id of the provider');
  end if;
  if v_attempt.status = 'claimed' or (v_attempt.status = 'unknown' and p_status in ('sent', 'unreachable', 'unknown')) then
    -- A contact that was taken over may have gone out before: what stops it now does not make that certain, and a fresh
    -- claim would send it blindly again. Only `absent` says that the provider was asked, after the settling time, and never had it.
    v_status := case when v_attempt.takeovers > 0 and p_status in ('held', 'refused') and p_reason is distinct from 'absent' then 'unknown' else p_status end;
    update care.attempt set status = v_status, reason = p_reason, provider_sid = coalesce(attempt.provider_sid, p_provider_sid),
      body_digest = coalesce(p_body_digest, attempt.body_digest),
      ended_at = case when v_status in ('sent', 'refused', 'unreachable') then p_business_now end, lease_until = least(attempt.lease_until, clock_timestamp())
    where attempt.attempt_id = p_attempt returning * into v_attempt;
  elsif v_attempt.status = 'sent' and p_status = 'sent' then
    -- A receipt was faster: it knew neither text nor, perhaps, id.
    update care.attempt set body_digest = coalesce(attempt.body_digest, p_body_digest), provider_sid = coalesce(attempt.provider_sid, p_provider_sid)
    where attempt.attempt_id = p_attempt returning * into v_attempt;
  end if;
  return query select v_attempt.attempt_id, v_attempt.status, v_attempt.reason, v_attempt.provider_sid;
exception
  when unique_violation then
    perform gate.fail('CT409', 'this id of the provider belongs to another contact');
end $$;

create function gate.attempt_receipt(p_provider_sid text, p_attempt uuid, p_status text, p_rank int, p_error text)
returns table (attempt_id uuid, subject_kind text, subject_id uuid, kind text, channel text, status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_attempt care.attempt;
  v_changed boolean;
begin
  if not gate.is_code(p_provider_sid) or not gate.is_code(p_status) or p_rank is null or (p_error is not null and p_error <> '' and not gate.is_code(p_error)) then
    perform gate.fail('CT422', 'a receipt has an id, a status, a rank and perhaps an error code');
  end if;
  select * into v_attempt from care.attempt where attempt.provider_sid = p_provider_sid for update;
  if not found then
    -- The attempt id that the callback carries finds a contact whose answer was lost.
    select * into v_attempt from care.attempt where attempt.attempt_id = p_attempt and attempt.provider_sid is null and attempt.status in ('claimed', 'unknown', 'sent') for update;
  end if;
  if not found then
    return;
  end if;
  v_changed := p_rank > v_attempt.provider_rank or v_attempt.status in ('claimed', 'unknown');
  if v_changed then
    update care.attempt set
      provider_sid = p_provider_sid,
      provider_status = case when p_rank > attempt.provider_rank then p_status else attempt.provider_status end,
      provider_error = case when p_rank > attempt.provider_rank then nullif(p_error, '') else attempt.provider_error end,
      provider_rank = greatest(attempt.provider_rank, p_rank),
      -- The provider speaks of it, so it has it: that is what `sent` means. Delivered or not is provider_status.
      status = case when attempt.status in ('claimed', 'unknown') then 'sent' else attempt.status end,
      reason = case when attempt.status in ('claimed', 'unknown') then null else attempt.reason end,
      ended_at = coalesce(attempt.ended_at, clock_timestamp())
    where attempt.attempt_id = v_attempt.attempt_id returning * into v_attempt;
  end if;
  return query select v_attempt.attempt_id, v_attempt.subject_kind, v_attempt.subject_id, v_attempt.kind, v_attempt.channel, v_attempt.status, v_changed;
end $$;

reset role;
