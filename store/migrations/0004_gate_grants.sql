-- Opening a right, and reading by it.
--
-- Three things make the audit record durable before anything is given: `open` only writes (event, pending row, grant) and
-- answers with a random secret; whatever reads refuses the transaction that wrote; and it flushes the log first, since
-- a client may have set synchronous_commit off.
--
-- search_path is pinned to `pg_catalog, pg_temp`, not to the empty string: with the empty one a temporary schema is still searched first
-- for tables and types. No backslash in any literal: standard_conforming_strings is the session's to set.
-- Functions without `security definer` are for these functions only: no login may execute them.

set role ct_gate;

create function gate.fail(p_code text, p_message text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = p_code, message = 'carethread: ' || p_message;
end $$;

create function gate.setting_of(p_name text) returns int
language sql stable set search_path = pg_catalog, pg_temp
as $$ select value from gate.setting where name = p_name $$;

-- A word that may stand in the ledger: a code, never prose, so never patient data.
create function gate.is_code(p_word text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select coalesce(p_word ~ '^[A-Za-z0-9][A-Za-z0-9:@/._=,-]{0,119}$', false) $$;

create function gate.iso(p_at timestamptz) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- 'patient.*' stands for every field of the family.
create function gate.field_fits(p_field text, p_patterns text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select p_field = any (p_patterns) or split_part(p_field, '.', 1) || '.*' = any (p_patterns) $$;

create function gate.in_care_team(p_patient uuid, p_departments text[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from phi.contact_state where patient_id = p_patient and department = any (p_departments))
      or exists (
        select from gate.referral
        join care.enrolment on enrolment.patient_id = referral.patient_id and enrolment.department = referral.department
        -- An application login can write an enrolment; it cannot write a referral.
        where referral.patient_id = p_patient and referral.department = any (p_departments) and enrolment.status <> 'ended')
$$;

create function gate.random_bytes() returns bytea
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  -- 366 strong random bits (a version 4 UUID has 122), hashed to 32 even bytes.
  select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
$$;

-- One event and its pending row. Answers with the leaf hash, which is the receipt.
create function gate.record(p_event audit.event) returns bytea
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  insert into audit.event select (p_event).*;
  insert into audit.pending (event_id, at) values (p_event.event_id, p_event.at);
  return audit.leaf_hash(p_event);
end $$;

-- Completes a grant, records its event, stores it and answers with its secret. What a grant that is not allowed would
-- have opened is cut away here, whatever the caller filled in.
create function gate.issue(p_grant gate.grant_, p_subject text, p_note text) returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_secret text := encode(gate.random_bytes(), 'hex');
  v_now timestamptz := clock_timestamp();
  v_grant gate.grant_ := p_grant;
  v_event audit.event;
begin
  -- Decided on a snapshot of long ago, it would be a right that was revoked meanwhile.
  if current_setting('transaction_isolation') <> 'read committed' then
    perform gate.fail('CT001', 'no such grant');
  end if;
  v_event.event_id := gen_random_uuid();
  v_event.at := v_now;
  v_event.actor_kind := v_grant.actor_kind;
  v_event.actor_id := v_grant.actor_id;
  v_event.action := v_grant.action;
  v_event.purpose := v_grant.purpose;
  v_event.verdict := v_grant.verdict;
  v_event.reason := v_grant.reason;
  v_event.patient_ids := array(select distinct patient_id from unnest(v_grant.patient_ids) as patient_id order by patient_id);
  v_event.subject := p_subject;
  v_event.fields := array(select distinct field from unnest(v_grant.fields || v_grant.writes) as field order by field);
  v_event.detail := p_note;
  v_event.nonce := substr(gate.random_bytes(), 1, 16);

  v_grant.secret_hash := sha256(convert_to(v_secret, 'UTF8'));
  v_grant.xact := pg_current_xact_id();
  v_grant.login := session_user;
  v_grant.event_id := v_event.event_id;
  v_grant.receipt := gate.record(v_event);
  v_grant.departments := coalesce(v_grant.departments, '{}');
  v_grant.any_department := coalesce(v_grant.any_department, false);
  v_grant.row_scope := coalesce(v_grant.row_scope, '{}');
  v_grant.detail := coalesce(v_grant.detail, '{}');
  v_grant.created_at := v_now;
  v_grant.expires_at := least(v_grant.expires_at, v_now + make_interval(secs => gate.setting_of('grant-seconds')));
  if v_grant.verdict <> 'allowed' then
    v_grant.fields := '{}';
    v_grant.writes := '{}';
  end if;
  insert into gate.grant_ select v_grant.*;
  return v_secret;
end $$;

create function gate.open(p_token text, p_purpose text, p_action text, p_patients uuid[], p_fields text[], p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
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
  v_grant.patient_ids := array(select distinct patient_id from unnest(p_patients) as patient_id where patient_id is not null order by patient_id limit 200);
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

  -- The union of what the person's roles allow.
  select count(*) > 0 as any_role, bool_or(any_department) as any_department, bool_and(routine) as routine, min(patients) as patients,
    array(select distinct field from gate.permission, unnest(reads) as field where role = any (v_person.roles) and action = p_action and purpose = p_purpose) as reads,
    array(select distinct field from gate.permission, unnest(writes) as field where role = any (v_person.roles) and action = p_action and purpose = p_purpose) as writes
  into v_allowed
  from gate.permission where role = any (v_person.roles) and action = p_action and purpose = p_purpose;

  v_grant.any_department := coalesce(v_allowed.any_department, false);
  v_grant.reason := case
    when cardinality(p_patients) > 200 or cardinality(v_fields) > 50
      or exists (select from unnest(p_patients) as patient_id where patient_id is null) or cardinality(v_grant.fields) <> cardinality(v_fields)
      or (p_reason is not null and not gate.is_code(p_reason)) then 'malformed'
    when not v_allowed.any_role then 'not-permitted'
    when exists (select from unnest(v_fields) as field where not gate.field_fits(field, v_allowed.reads || v_allowed.writes)) then 'field-not-permitted'
    when v_allowed.patients = 'required' and cardinality(v_grant.patient_ids) = 0 then 'malformed'
    when v_allowed.patients = 'none' and cardinality(v_grant.patient_ids) > 0 then 'malformed'
    when not v_grant.any_department and exists (
      select from unnest(v_grant.patient_ids) as asked (patient_id)
      where not gate.in_care_team(asked.patient_id, v_person.departments)
        and not (p_action = 'register-patient' and not exists (select from phi.contact_state where contact_state.patient_id = asked.patient_id))
    ) then 'not-in-care-team'
    when v_allowed.routine and audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  if v_grant.verdict = 'allowed' then
    v_grant.writes := array(select field from unnest(v_fields) as field where gate.field_fits(field, v_allowed.writes));
    v_grant.fields := array(select field from unnest(v_fields) as field where gate.field_fits(field, v_allowed.reads));
  end if;
  return gate.issue(v_grant, null, case when gate.is_code(p_reason) then p_reason end);
end $$;

-- Everything that was committed so far is on disk when this returns.
create function gate.flush_log() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare v_written pg_lsn := pg_current_wal_insert_lsn();
begin
  if pg_current_wal_flush_lsn() < v_written then
    perform pg_logical_emit_message(false, 'carethread', ''::text, true);
  end if;
end $$;

-- The grant of a secret, if it may be used here and now. Every fault is the same error: an error tells nothing.
create function gate.live(p_secret text) returns gate.grant_
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_;
begin
  select * into v_grant from gate.grant_ where secret_hash = sha256(convert_to(p_secret, 'UTF8'));
  if not found
    or v_grant.xact is not distinct from pg_current_xact_id_if_assigned()
    -- A snapshot of long ago would still show a consent, a session, an epoch that is no more.
    or current_setting('transaction_isolation') <> 'read committed'
    or v_grant.expires_at <= clock_timestamp()
    or v_grant.login <> session_user
    or (v_grant.session_hash is not null and not exists (
      select from auth.session join auth.person on person.person_id = session.person_id
      where session.token_hash = v_grant.session_hash and session.expires_at > clock_timestamp() and session.revoked_at is null and person.active))
    or (v_grant.patient_epoch is not null and not exists (
      select from phi.contact_state where patient_id = v_grant.patient_ids[1] and epoch = v_grant.patient_epoch))
    or (v_grant.address_epoch is not null and not exists (
      select from phi.address where address_id = v_grant.address_id and epoch = v_grant.address_epoch))
  then
    perform gate.fail('CT001', 'no such grant');
  end if;
  perform gate.flush_log();
  return v_grant;
end $$;

-- An allowed grant for one of these actions that names this patient (null: none is asked).
create function gate.right_to(p_secret text, p_actions text[], p_patient uuid) returns gate.grant_
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  if v_grant.verdict <> 'allowed' or not v_grant.action = any (p_actions) or (p_patient is not null and not p_patient = any (v_grant.patient_ids)) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return v_grant;
end $$;

create function gate.verdict(p_secret text)
returns table (verdict text, reason text, actor_kind text, actor_id text, patient_ids uuid[], fields text[], detail jsonb, receipt bytea, expires_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  return query select v_grant.verdict, v_grant.reason, v_grant.actor_kind, v_grant.actor_id, v_grant.patient_ids, v_grant.fields, v_grant.detail, v_grant.receipt, v_grant.expires_at;
end $$;

-- Whether a row is within a grant's scope: a field without scope means every row of the field.
create function gate.row_fits(p_scope jsonb, p_field text, p_row uuid) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select not p_scope ? p_field or (p_scope -> p_field) ? p_row::text $$;

create function gate.read(p_secret text)
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
    order by value.patient_id, value.field, value.row_id, value.version desc;
end $$;

create function gate.read_history(p_secret text)
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
    select value.patient_id, value.field, value.row_id, value.version, value.key_id, value.sealed, value.recorded_at, value.recorded_by
    from phi.value
    where value.patient_id = any (v_grant.patient_ids) and value.field = any (v_grant.fields) and gate.row_fits(v_grant.row_scope, value.field, value.row_id)
    order by value.patient_id, value.field, value.row_id, value.version;
end $$;

create function gate.read_card(p_secret text)
returns table (patient_id uuid, status text, zone text, language text, department text, addresses jsonb, consents jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  if v_grant.verdict <> 'allowed' or not 'contact.card' = any (v_grant.fields) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return query
    select state.patient_id, state.status, state.zone, state.language, state.department,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'addressId', link.address_id, 'kind', address.kind, 'rowId', link.row_id, 'rank', link.rank,
          'suspendedAt', gate.iso(link.suspended_at), 'suspendedReason', link.suspended_reason,
          'optedOutAt', gate.iso(address.opted_out_at), 'optedOutBy', address.opted_out_by) order by link.rank, link.address_id), '[]')
        from phi.patient_address as link join phi.address on address.address_id = link.address_id where link.patient_id = state.patient_id),
      (select coalesce(jsonb_agg(jsonb_build_object(
          'consentId', consent.consent_id, 'purpose', consent.purpose, 'channel', consent.channel,
          'grantedAt', gate.iso(consent.granted_at), 'grantedBy', consent.granted_by, 'evidenceKind', consent.evidence_kind, 'noticeVersion', consent.notice_version,
          'withdrawnAt', gate.iso(consent.withdrawn_at), 'withdrawnBy', consent.withdrawn_by) order by consent.granted_at, consent.consent_id), '[]')
        from phi.consent where consent.patient_id = state.patient_id)
    from phi.contact_state as state where state.patient_id = any (v_grant.patient_ids) order by state.patient_id;
end $$;

create function gate.forget_expired_grants() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare v_count int;
begin
  -- Not before a while has passed: whoever uses one late gets the same answer either way.
  delete from gate.grant_ where expires_at < clock_timestamp() - interval '1 minute';
  get diagnostics v_count = row_count;
  return v_count;
end $$;

reset role;
