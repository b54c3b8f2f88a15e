-- Rights that are about one follow-up, and no longer about all of its patient's.

set role ct_gate;

-- As `open`, for one enrolment: of answers and facts only its own rows are given, and the reason in the ledger is to name it.
create function gate.open_enrolment(p_token text, p_purpose text, p_action text, p_enrolment uuid, p_fields text[], p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_patient uuid;
  v_secret text;
begin
  select patient_id into v_patient from care.enrolment where enrolment_id = p_enrolment;
  v_secret := gate.open(p_token, p_purpose, p_action, array[v_patient], p_fields, p_reason);
  update gate.grant_ set row_scope = jsonb_build_object(
    'enrolment.facts', jsonb_build_array(p_enrolment),
    'response.answers', (select coalesce(jsonb_agg(touchpoint_id), '[]') from care.touchpoint where enrolment_id = p_enrolment and patient_id = v_patient),
    'conversation.progress', (select coalesce(jsonb_agg(touchpoint_id), '[]') from care.touchpoint where enrolment_id = p_enrolment and patient_id = v_patient))
  where secret_hash = sha256(convert_to(v_secret, 'UTF8'));
  return v_secret;
end $$;
grant execute on function gate.open_enrolment(text, text, text, uuid, text[], text) to ct_api;

-- Every version of what `read` gives, and nothing that `read` does not.
create or replace function gate.read_history(p_secret text)
returns table (patient_id uuid, field text, row_id uuid, version int, key_id uuid, sealed bytea, recorded_at timestamptz, recorded_by text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
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
      and (v_grant.action not in ('inbound', 'voice-turn') or exists (
        select from phi.contact_state as state join phi.patient_address as link on link.patient_id = state.patient_id
        where state.patient_id = value.patient_id and state.status <> 'erased' and link.address_id = v_grant.address_id))
    order by value.patient_id, value.field, value.row_id, value.version;
end $$;

reset role;
