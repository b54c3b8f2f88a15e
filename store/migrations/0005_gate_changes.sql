-- What a grant lets its holder change. Locks are taken in one order everywhere: contact_state, then address.
-- Integrity errors are caught and reworded: their DETAIL would tell values.

set role ct_gate;

-- Whoever changes what a contact depends on goes through here: the row's lock makes a contact in flight come before or
-- after, and the new epoch ends the grants of those that came before.
create function gate.bump_patient(p_patient uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  update phi.contact_state set epoch = epoch + 1 where patient_id = p_patient;
  if not found then
    perform gate.fail('CT422', 'this patient is not registered');
  end if;
end $$;

create function gate.actor_of(p_grant gate.grant_) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select (p_grant).actor_kind || '/' || (p_grant).actor_id $$;

create function gate.put(p_secret text, p_patient uuid, p_field text, p_row uuid, p_version int, p_key uuid, p_sealed bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.live(p_secret);
begin
  if v_grant.verdict <> 'allowed' or p_patient is null or p_field is null or p_row is null or p_version is null
    or not p_patient = any (v_grant.patient_ids) or not p_field = any (v_grant.writes) or not gate.row_fits(v_grant.row_scope, p_field, p_row)
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

create function gate.is_zone(p_zone text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  -- Names only: an abbreviation or a fixed offset knows no summer time.
  if p_zone is null or p_zone !~ '^(UTC|[A-Z][A-Za-z_]+/[A-Za-z0-9_+-]+(/[A-Za-z_-]+)?)$' then
    return false;
  end if;
  perform clock_timestamp() at time zone p_zone;
  return true;
exception when invalid_parameter_value then
  return false;
end $$;

create function gate.register_patient(p_secret text, p_patient uuid, p_zone text, p_language text, p_department text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['register-patient'], p_patient);
begin
  -- Nobody registers into a department that is not theirs.
  if p_patient is null or p_department is null or not p_department = any (v_grant.departments) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_zone(p_zone) then
    perform gate.fail('CT422', 'unknown time zone; write an IANA name such as Asia/Shanghai');
  end if;
  if p_language is null or p_language !~ '^[a-z]{2}$' then
    perform gate.fail('CT422', 'unknown language; write two letters such as en');
  end if;
  insert into phi.contact_state (patient_id, zone, language, department) values (p_patient, p_zone, p_language, p_department);
exception
  when unique_violation then perform gate.fail('CT409', 'already registered');
end $$;

create function gate.set_address(p_secret text, p_patient uuid, p_kind text, p_blind_index bytea, p_row uuid, p_rank int) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['register-patient', 'repair-contact'], p_patient);
  v_address uuid;
begin
  if p_patient is null or v_grant.action is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  perform gate.bump_patient(p_patient);
  insert into phi.address (kind, blind_index) values (p_kind, p_blind_index) on conflict (blind_index) do nothing;
  select address_id into v_address from phi.address where blind_index = p_blind_index and kind = p_kind;
  if v_address is null then
    perform gate.fail('CT422', 'an address is a phone or an email');
  end if;
  -- Whoever sets it again has checked it: it is no longer suspended. An opt-out stays.
  insert into phi.patient_address (patient_id, address_id, row_id, rank) values (p_patient, v_address, p_row, coalesce(p_rank, 1))
  on conflict (patient_id, address_id) do update set row_id = excluded.row_id, rank = excluded.rank, suspended_at = null, suspended_reason = null;
  return v_address;
exception
  when integrity_constraint_violation then
    perform gate.fail('CT422', 'an address is a phone or an email, with index and row');
end $$;

create function gate.remove_address(p_secret text, p_patient uuid, p_address uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if p_patient is null or (gate.right_to(p_secret, array['repair-contact'], p_patient)).action is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  perform gate.bump_patient(p_patient);
  delete from phi.patient_address where patient_id = p_patient and address_id = p_address;
end $$;

create function gate.suspend_address(p_secret text, p_patient uuid, p_address uuid, p_reason text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['repair-contact', 'inbound', 'voice-turn', 'contact'], p_patient);
begin
  -- A message, a call or a contact speaks of its own address only.
  if p_patient is null or p_address is null or (v_grant.action <> 'repair-contact' and p_address is distinct from v_grant.address_id) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_code(p_reason) then
    perform gate.fail('CT422', 'a reason is a code');
  end if;
  perform gate.bump_patient(p_patient);
  update phi.patient_address set suspended_at = clock_timestamp(), suspended_reason = p_reason
  where patient_id = p_patient and address_id = p_address and suspended_at is null;
end $$;

create function gate.set_status(p_secret text, p_patient uuid, p_status text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if p_patient is null or (gate.right_to(p_secret, array['change-status'], p_patient)).action is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  -- 'erased' is what erasure leaves behind, not a status that somebody gives.
  if p_status is null or p_status not in ('active', 'admitted', 'deceased', 'inactive') then
    perform gate.fail('CT422', 'a status is active, admitted, deceased or inactive');
  end if;
  perform gate.bump_patient(p_patient);
  update phi.contact_state set status = p_status where patient_id = p_patient and status <> 'erased';
end $$;

create function gate.set_zone(p_secret text, p_patient uuid, p_zone text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if p_patient is null or (gate.right_to(p_secret, array['change-patient', 'repair-contact'], p_patient)).action is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_zone(p_zone) then
    perform gate.fail('CT422', 'unknown time zone; write an IANA name such as Asia/Shanghai');
  end if;
  perform gate.bump_patient(p_patient);
  update phi.contact_state set zone = p_zone where patient_id = p_patient;
end $$;

create function gate.consent_grant(p_secret text, p_patient uuid, p_purpose text, p_channel text, p_evidence_kind text, p_evidence_row uuid, p_notice_version text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-consent', 'voice-turn'], p_patient);
begin
  -- On a call the patient can agree to one thing: that it is recorded.
  if p_patient is null or (v_grant.action = 'voice-turn'
    and (p_purpose, p_channel, p_evidence_kind) is distinct from ('recording'::text, 'voice'::text, 'recorded-yes'::text)) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_code(p_purpose) or not gate.is_code(p_notice_version) or p_channel is null or p_channel not in ('sms', 'email', 'voice') then
    perform gate.fail('CT422', 'a consent has a purpose, a channel (sms, email, voice) and a notice version');
  end if;
  perform gate.bump_patient(p_patient);
  -- A consent given anew takes the place of the one before, whose evidence stays.
  update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = 'renewed'
  where patient_id = p_patient and purpose = p_purpose and channel = p_channel and withdrawn_at is null;
  insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, evidence_row_id, notice_version)
  values (p_patient, p_purpose, p_channel, clock_timestamp(), gate.actor_of(v_grant), p_evidence_kind, p_evidence_row, p_notice_version);
exception
  when integrity_constraint_violation then
    perform gate.fail('CT422', 'evidence of consent is a signature, recorded-yes, web-form or paper');
end $$;

create function gate.consent_withdraw(p_secret text, p_patient uuid, p_purpose text, p_channel text)
returns table (attempt_id uuid, status text, channel text, claimed_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-consent'], p_patient);
begin
  if p_patient is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  perform gate.bump_patient(p_patient);
  update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = gate.actor_of(v_grant)
  where consent.patient_id = p_patient and consent.withdrawn_at is null
    and (p_purpose is null or consent.purpose = p_purpose) and (p_channel is null or consent.channel = p_channel);
  -- After the lock: every contact that was authorised before has committed, and is named here if it is unresolved.
  return query
    select attempt.attempt_id, attempt.status, attempt.channel, attempt.claimed_at
    from care.attempt
    where attempt.patient_id = p_patient and attempt.status in ('claimed', 'unknown') and (p_channel is null or attempt.channel = p_channel)
    order by attempt.claimed_at, attempt.attempt_id;
end $$;

-- May this grant speak for this address?
create function gate.speaks_for(p_grant gate.grant_, p_address uuid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(case when (p_grant).action = 'change-opt-out'
    then exists (select from phi.patient_address where address_id = p_address and patient_id = any ((p_grant).patient_ids))
    else (p_grant).address_id = p_address end, false)
$$;

create function gate.opt_out(p_secret text, p_address uuid, p_by text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-opt-out', 'inbound', 'unsubscribe', 'contact'], null);
begin
  if not gate.speaks_for(v_grant, p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if p_by is null or p_by not in ('reply', 'unsubscribe', 'provider', 'staff') then
    perform gate.fail('CT422', 'an opt-out comes by reply, unsubscribe, provider or staff');
  end if;
  update phi.address set epoch = epoch + 1, opted_out_at = coalesce(opted_out_at, clock_timestamp()), opted_out_by = coalesce(opted_out_by, p_by)
  where address_id = p_address;
end $$;

create function gate.opt_in(p_secret text, p_address uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not gate.speaks_for(gate.right_to(p_secret, array['change-opt-out', 'inbound'], null), p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  update phi.address set epoch = epoch + 1, opted_out_at = null, opted_out_by = null where address_id = p_address;
end $$;

create function gate.set_identifier(p_secret text, p_patient uuid, p_kind text, p_blind_index bytea) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if p_patient is null or (gate.right_to(p_secret, array['register-patient', 'change-patient'], p_patient)).action is null then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_code(p_kind) or p_blind_index is null or not exists (select from phi.contact_state where patient_id = p_patient) then
    perform gate.fail('CT422', 'an identifier has a kind, an index and a registered patient');
  end if;
  -- Repeating it for the same patient is no conflict.
  if exists (select from phi.identifier where kind = p_kind and blind_index = p_blind_index and patient_id = p_patient) then
    return;
  end if;
  insert into phi.identifier (kind, blind_index, patient_id) values (p_kind, p_blind_index, p_patient);
exception
  when unique_violation then perform gate.fail('CT409', 'already in use');
end $$;

create function gate.find(p_secret text, p_kind text, p_blind_index bytea) returns table (patient_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['find-patient'], null);
begin
  return query
    select found.patient_id
    from (
      select identifier.patient_id from phi.identifier where identifier.kind = p_kind and identifier.blind_index = p_blind_index
      union
      select link.patient_id from phi.patient_address as link join phi.address on address.address_id = link.address_id
      where address.kind = p_kind and address.blind_index = p_blind_index
    ) as found
    where v_grant.any_department or gate.in_care_team(found.patient_id, v_grant.departments)
    order by found.patient_id;
end $$;

create function gate.refer(p_secret text, p_patient uuid, p_department text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
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
  insert into gate.referral (patient_id, department, referred_by) values (p_patient, p_department, gate.actor_of(v_grant))
  on conflict (patient_id, department) do nothing;
end $$;

reset role;
