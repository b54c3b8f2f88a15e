-- What comes in from a patient's phone: stored sealed before the provider gets its 200, with the rights that it brings.

set role ct_gate;

-- The rights of one message: all patients who had that number when it came and have it still, and of their conversations the one that is open on it.
create function gate.issue_inbound(p_inbound phi.inbound, p_reason text, p_note text) returns text
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
  v_grant.row_scope := jsonb_build_object('conversation.progress', v_touchpoints, 'response.answers', v_touchpoints, 'inbound.body', jsonb_build_array(p_inbound.inbound_id));
  v_grant.detail := jsonb_build_object('inboundId', p_inbound.inbound_id, 'addressId', p_inbound.address_id,
    'optedOut', (select opted_out_at is not null from phi.address where address_id = p_inbound.address_id))
    || case when p_reason is null then jsonb_build_object('patients', v_patients, 'conversations', v_conversations) else '{"patients": [], "conversations": []}' end;
  return gate.issue(v_grant, 'inbound/' || p_inbound.inbound_id::text, p_note);
end $$;

create function gate.inbound_store(p_inbound uuid, p_provider_sid text, p_kind text, p_address_kind text, p_blind_index bytea, p_key uuid, p_sealed bytea, p_received timestamptz)
returns table (inbound_id uuid, secret text, duplicate boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_address uuid;
  v_inbound phi.inbound;
  v_new boolean;
begin
  if not gate.is_code(p_provider_sid) then
    perform gate.fail('CT422', 'a message has an id of its provider');
  end if;
  insert into phi.address (kind, blind_index) values (p_address_kind, p_blind_index) on conflict (blind_index) do nothing;
  select address.address_id into v_address from phi.address where address.blind_index = p_blind_index and address.kind = p_address_kind;
  insert into phi.inbound (inbound_id, provider_sid, kind, address_id, patient_ids, key_id, sealed, received_at)
  values (p_inbound, p_provider_sid, p_kind, v_address, array(select link.patient_id from phi.patient_address as link where link.address_id = v_address order by link.patient_id), p_key, p_sealed, p_received)
  on conflict (provider_sid) do nothing;
  v_new := found;
  select * into v_inbound from phi.inbound where inbound.provider_sid = p_provider_sid;
  return query select v_inbound.inbound_id, gate.issue_inbound(v_inbound, case when not v_new then 'duplicate' end, p_kind), not v_new;
exception
  when unique_violation then perform gate.fail('CT409', 'this inbound id is in use');
  when integrity_constraint_violation then perform gate.fail('CT422', 'a message is an sms or a voice-turn from a phone or an email, sealed');
end $$;

-- True for whoever marked it first: in the transaction that applies a message, false means that another has applied it.
create function gate.inbound_done(p_inbound uuid, p_disposition text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not gate.is_code(p_disposition) then
    perform gate.fail('CT422', 'a disposition is a code');
  end if;
  update phi.inbound set handled_at = clock_timestamp(), disposition = p_disposition where inbound_id = p_inbound and handled_at is null;
  return found;
end $$;

create function gate.inbound_waiting(p_limit int) returns table (inbound_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select inbound.inbound_id from phi.inbound
    where inbound.handled_at is null
      and greatest(inbound.stored_at, inbound.taken_at) < clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds'))
    order by inbound.stored_at, inbound.inbound_id limit least(greatest(p_limit, 0), 1000);
end $$;

create function gate.inbound_reopen(p_inbound uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_inbound phi.inbound;
  v_reason text;
begin
  select * into v_inbound from phi.inbound where inbound_id = p_inbound for update;
  if not found then
    perform gate.fail('CT422', 'no such message');
  end if;
  v_reason := case
    when v_inbound.handled_at is not null then 'handled'
    when greatest(v_inbound.stored_at, v_inbound.taken_at) >= clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds')) then 'busy'
  end;
  if v_reason is null then
    update phi.inbound set taken_at = clock_timestamp() where inbound_id = p_inbound;
  end if;
  return gate.issue_inbound(v_inbound, v_reason, 'reopened');
end $$;

create function gate.read_inbound(p_secret text, p_inbound uuid)
returns table (inbound_id uuid, provider_sid text, kind text, address_id uuid, key_id uuid, sealed bytea, received_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['inbound', 'read-inbox', 'show-responses', 'reach-patient'], null);
  v_inbound uuid := coalesce(p_inbound, (v_grant.detail ->> 'inboundId')::uuid);
begin
  if v_grant.action = 'inbound' then
    if v_inbound <> (v_grant.detail ->> 'inboundId')::uuid then
      perform gate.fail('CT001', 'no such grant');
    end if;
  elsif not 'inbound.body' = any (v_grant.fields) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return query
    select inbound.inbound_id, inbound.provider_sid, inbound.kind, inbound.address_id, inbound.key_id, inbound.sealed, inbound.received_at
    from phi.inbound
    where inbound.inbound_id = v_inbound
      and (v_grant.action = 'inbound'
        or inbound.patient_ids && v_grant.patient_ids
        -- What came from a number that was nobody's is read by whoever keeps the inbox.
        or (v_grant.action = 'read-inbox' and cardinality(inbound.patient_ids) = 0));
end $$;

-- The contact that the gate authorised for this call, if it is one: a row in care.call alone opens nothing, since logins can write it.
create function gate.attempt_of_call(p_call care.call) returns care.attempt
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select attempt from care.attempt
  where subject_kind = 'touchpoint' and subject_id = (p_call).touchpoint_id and kind = (p_call).contact_kind and channel = 'voice'
    and patient_id = (p_call).patient_id and status in ('claimed', 'unknown', 'sent')
$$;

create function gate.turn_begin(p_call uuid, p_provider_sid text) returns text
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
  v_grant.row_scope := jsonb_build_object('conversation.progress', jsonb_build_array(v_call.touchpoint_id), 'response.answers', jsonb_build_array(v_call.touchpoint_id));
  v_grant.detail := jsonb_build_object('callId', p_call, 'touchpointId', v_call.touchpoint_id, 'patientId', v_attempt.patient_id, 'addressId', v_attempt.address_id,
    'language', v_state.language, 'zone', v_state.zone, 'record', v_call.record);
  return gate.issue(v_grant, 'call/' || p_call::text, null);
end $$;

create function gate.recording_begin(p_call uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
  v_call care.call;
  v_attempt care.attempt;
begin
  select * into v_call from care.call where call_id = p_call;
  v_attempt := gate.attempt_of_call(v_call);
  v_grant.actor_kind := 'worker';
  v_grant.actor_id := 'call/' || p_call::text;
  v_grant.action := 'store-recording';
  v_grant.purpose := 'recording';
  v_grant.patient_ids := case when v_attempt.patient_id is null then '{}'::uuid[] else array[v_attempt.patient_id] end;
  -- What the patient agreed to while it was made is kept when consent ends later: erasure is another right.
  v_grant.reason := case
    when v_attempt.attempt_id is null then 'no-such-call'
    when not v_call.record or v_call.recording_status not in ('in-progress', 'available', 'stored') then 'no-recording'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' else 'refused' end;
  v_grant.fields := '{}';
  v_grant.writes := array['call.recording'];
  v_grant.row_scope := jsonb_build_object('call.recording', jsonb_build_array(p_call));
  v_grant.detail := jsonb_build_object('callId', p_call, 'patientId', v_attempt.patient_id);
  return gate.issue(v_grant, 'call/' || p_call::text, null);
end $$;

create function gate.unsubscribe_begin(p_address uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
begin
  v_grant.actor_kind := 'patient';
  v_grant.actor_id := 'address/' || p_address::text;
  v_grant.action := 'unsubscribe';
  v_grant.purpose := 'rights';
  v_grant.address_id := p_address;
  v_grant.patient_ids := '{}';
  v_grant.reason := case when not exists (select from phi.address where address_id = p_address) then 'no-address' end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' else 'refused' end;
  v_grant.fields := '{}';
  v_grant.writes := '{}';
  v_grant.detail := jsonb_build_object('optedOut', coalesce((select opted_out_at is not null from phi.address where address_id = p_address), false));
  return gate.issue(v_grant, 'address/' || p_address::text, null);
end $$;

-- ---------------------------------------------------------------- staff, who are no patients

create function gate.whoami(p_token text) returns table (person_id uuid, display_name text, roles text[], departments text[], expires_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select person.person_id, person.display_name, person.roles, person.departments, session.expires_at
    from auth.session join auth.person on person.person_id = session.person_id
    where session.token_hash = sha256(convert_to(p_token, 'UTF8')) and session.expires_at > clock_timestamp() and session.revoked_at is null and person.active;
end $$;

create function gate.staff_of_phone(p_phone text) returns uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select person_id from auth.person where phone = p_phone and active order by person_id limit 1 $$;

create function gate.rota(p_role text) returns table (person_id uuid, display_name text, phone text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select person.person_id, person.display_name, person.phone
  from auth.rota join auth.person on person.person_id = rota.person_id
  where rota.role = p_role and person.active order by rota.rank
$$;

create function gate.record_administration(p_actor text, p_action text, p_verdict text, p_reason text, p_subject text, p_detail text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare v_event audit.event;
begin
  if not gate.is_code(p_action) or p_verdict is null or p_verdict not in ('allowed', 'refused', 'noted')
    or (p_reason is not null and not gate.is_code(p_reason)) or (p_subject is not null and not gate.is_code(p_subject)) or (p_detail is not null and not gate.is_code(p_detail)) then
    perform gate.fail('CT422', 'the ledger takes codes only: letters, digits and :@/._=,-');
  end if;
  v_event.event_id := gen_random_uuid();
  v_event.at := clock_timestamp();
  v_event.actor_kind := 'person';
  v_event.actor_id := p_actor;
  v_event.action := p_action;
  v_event.purpose := 'administration';
  v_event.verdict := p_verdict;
  v_event.reason := p_reason;
  v_event.patient_ids := '{}';
  v_event.subject := p_subject;
  v_event.fields := '{}';
  v_event.detail := p_detail;
  v_event.nonce := substr(gate.random_bytes(), 1, 16);
  perform gate.record(v_event);
end $$;

create function gate.note(p_token text, p_action text, p_verdict text, p_reason text, p_subject text, p_detail text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare v_actor text := (select person_id::text from gate.whoami(p_token));
begin
  -- Nobody's act is recorded as refused, whatever was claimed.
  perform gate.record_administration(coalesce(v_actor, 'unknown'), p_action, case when v_actor is null then 'refused' else p_verdict end,
    case when v_actor is null then 'bad-token' else p_reason end, p_subject, p_detail);
end $$;

create function gate.note_sign_in(p_login text, p_verdict text, p_reason text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- What was typed as a login may be a password: only a login that exists is named.
  perform gate.record_administration(coalesce((select person_id::text from auth.person where login = p_login), 'unknown'), 'sign-in', p_verdict, p_reason, null, null);
end $$;

create function gate.events_of(p_secret text)
returns table (event_id uuid, at timestamptz, actor_kind text, actor_id text, action text, purpose text, verdict text, reason text, patient_ids uuid[], subject text, fields text[], detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['read-audit'], null);
begin
  return query
    select event.event_id, event.at, event.actor_kind, event.actor_id, event.action, event.purpose, event.verdict, event.reason,
      -- Whom else a list named is not asked here.
      array(select patient_id from unnest(event.patient_ids) as patient_id where patient_id = any (v_grant.patient_ids)),
      event.subject, event.fields, event.detail
    from audit.events_about(v_grant.patient_ids) as event;
end $$;

-- Whether a reply to this conversation has come in and is not handled yet: silence is not judged while it waits. Says nothing else.
create function gate.reply_waiting(p_touchpoint uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from care.conversation join phi.inbound on inbound.address_id = conversation.address_id
    where conversation.touchpoint_id = p_touchpoint and inbound.handled_at is null)
$$;

reset role;
