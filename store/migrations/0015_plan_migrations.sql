-- Moving enrolments to a later version of their plan. A person orders it, in the ledger with all whom it concerns; the worker carries it out,
-- one enrolment after the other, each in the ledger too. What says that a move was ordered is written by the gate alone, so that neither
-- application login can turn an enrolment to another version, nor a touchpoint to another step, of its own accord.

set role ct_care;
create table care.migration (
  migration_id uuid primary key,
  plan_id text not null,
  from_version int not null,
  to_version int not null,
  step_map jsonb not null,                      -- step of the old version to step of the new one, or null
  why text not null,                            -- a code
  ordered_by uuid not null,                     -- the person
  ordered_at timestamptz not null,              -- business clock
  foreign key (plan_id, from_version) references care.plan,
  foreign key (plan_id, to_version) references care.plan,
  check (from_version < to_version)
);
create index on care.migration (plan_id, ordered_at);
create table care.migration_enrolment (
  migration_id uuid not null references care.migration,
  enrolment_id uuid not null references care.enrolment,
  patient_id uuid not null,
  group_id text not null,                       -- of the early look: whoever is changed alike
  choice text not null check (choice in ('keep', 'move', 'restart')),
  expected text not null,                       -- the shape of what the early look said
  revision_seen bigint not null,                -- the enrolment's, at the look that was last
  looked_again boolean not null default false,  -- something had happened since the early look
  status text not null check (status in ('pending', 'moved', 'restarted', 'kept', 'refused')),
  reason text,                                  -- a code, of what is refused
  changes jsonb not null default '[]'::jsonb,   -- MigrationChange of domain/migration/types.ts: steps and instants
  ended_at timestamptz,                         -- business clock
  primary key (migration_id, enrolment_id)
);
-- One order at a time for an enrolment.
create unique index migration_pending on care.migration_enrolment (enrolment_id) where status = 'pending';
create index migration_of on care.migration_enrolment (enrolment_id, ended_at) where status in ('moved', 'restarted');
create index enrolment_version on care.enrolment (plan_id, plan_version) where status <> 'ended';
grant select on care.migration, care.migration_enrolment to ct_worker, ct_api, ct_backup, ct_gate;
grant insert on care.migration, care.migration_enrolment to ct_gate;
grant update (status, reason, revision_seen, looked_again, changes, ended_at) on care.migration_enrolment to ct_gate;
grant update (plan_version) on care.enrolment to ct_gate;
grant update (step_id) on care.touchpoint to ct_gate;
reset role;

set role ct_gate;
insert into gate.setting (name, value) values ('enrolled-list', 20000); -- patients that one list of everybody in a version may name

-- Which role may ask for everybody in a version of a plan, and for which fields. Apart from gate.permission, so that `open` gives none of it.
create table gate.enrolled_permission (
  role text not null,
  action text not null,
  purpose text not null,
  reads text[] not null default '{}',
  any_department boolean not null default false,
  primary key (role, action, purpose)
);
grant select on gate.enrolled_permission to ct_backup;
insert into gate.enrolled_permission (role, action, purpose, reads, any_department)
select role, action, 'follow-up', reads, role = 'admin'
from (values
  -- As for publishing. Neither looks at a value: what is moved is a position.
  ('preview-migration', '{coordinator,clinician,admin}'::text[], '{}'::text[]),
  ('order-migration',   '{coordinator,clinician,admin}',         '{}'),
  -- What a version would mean for everybody depends on their facts: for those who may see them.
  ('examine-version',   '{coordinator,clinician}',               '{enrolment.facts}')
) as allowed (action, roles, reads)
cross join lateral unnest(allowed.roles) as role;

-- A list of everybody who is in a version of a plan and in the care of the asker: one authorisation, one event that names them all.
create function gate.open_enrolled(p_token text, p_purpose text, p_action text, p_plan text, p_version int, p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_;
  v_person record;
  v_allowed record;
  v_enrolments int := 0;
begin
  v_grant.actor_kind := 'person';
  v_grant.actor_id := 'unknown';
  v_grant.action := case when gate.is_code(p_action) then p_action else 'unknown' end;
  v_grant.purpose := case when gate.is_code(p_purpose) then p_purpose else 'unknown' end;
  v_grant.patient_ids := '{}';
  v_grant.fields := '{}';
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
  select count(*) > 0 as any_role, coalesce(bool_or(any_department), false) as any_department,
    array(select distinct field from gate.enrolled_permission, unnest(reads) as field where role = any (v_person.roles) and action = p_action and purpose = p_purpose) as reads
  into v_allowed
  from gate.enrolled_permission where role = any (v_person.roles) and action = p_action and purpose = p_purpose;
  v_grant.any_department := v_allowed.any_department;
  if v_allowed.any_role then
    select count(*), coalesce(array_agg(distinct enrolment.patient_id) filter (where v_allowed.any_department or (enrolment.department = any (v_person.departments) and gate.in_care_team(enrolment.patient_id, v_person.departments))), '{}')
    into v_enrolments, v_grant.patient_ids
    from care.enrolment where enrolment.plan_id = p_plan and enrolment.plan_version = p_version and enrolment.status <> 'ended';
  end if;
  v_grant.reason := case
    when not v_allowed.any_role then 'not-permitted'
    when not gate.is_code(p_plan) or p_version is null or (p_reason is not null and not gate.is_code(p_reason)) then 'malformed'
    when v_enrolments > 0 and cardinality(v_grant.patient_ids) = 0 then 'not-in-care-team'
    when cardinality(v_grant.patient_ids) > gate.setting_of('enrolled-list') then 'too-many'
    when audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  if v_grant.reason = 'too-many' then
    v_grant.patient_ids := '{}';
  end if;
  v_grant.fields := v_allowed.reads;
  -- `read` gives none of it: a list is read by read_enrolled, which knows whose enrolments it is about.
  v_grant.row_scope := jsonb_build_object('enrolment.facts', '[]'::jsonb);
  v_grant.detail := jsonb_build_object('planId', p_plan, 'version', p_version, 'enrolments', v_enrolments);
  return gate.issue(v_grant, case when gate.is_code(p_plan) and p_version is not null then 'plan/' || p_plan || '/' || p_version::text end, case when gate.is_code(p_reason) then p_reason end);
end $$;

-- The newest facts of each enrolment that such a list is about.
create function gate.read_enrolled(p_secret text)
returns table (patient_id uuid, field text, row_id uuid, version int, key_id uuid, sealed bytea, recorded_at timestamptz, recorded_by text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['examine-version'], null);
begin
  if not 'enrolment.facts' = any (v_grant.fields) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return query
    select distinct on (value.row_id) value.patient_id, value.field, value.row_id, value.version, value.key_id, value.sealed, value.recorded_at, value.recorded_by
    from unnest(v_grant.patient_ids) as named (patient_id)
    join care.enrolment on enrolment.patient_id = named.patient_id
    join phi.value on value.patient_id = enrolment.patient_id and value.field = 'enrolment.facts' and value.row_id = enrolment.enrolment_id
    where enrolment.plan_id = v_grant.detail ->> 'planId' and enrolment.plan_version = (v_grant.detail ->> 'version')::int and enrolment.status <> 'ended'
    order by value.row_id, value.version desc;
end $$;

-- An order: what is to become of each, as the early look said. Rows are written here only, for patients whom the right names.
create function gate.order_migration(p_secret text, p_migration uuid, p_to int, p_step_map jsonb, p_why text, p_business_now timestamptz, p_rows jsonb) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['order-migration'], null);
  v_plan text := v_grant.detail ->> 'planId';
  v_from int := (v_grant.detail ->> 'version')::int;
  v_count int;
begin
  if p_migration is null or p_to is null or p_to <= v_from or p_business_now is null or not gate.is_code(p_why) or jsonb_typeof(p_step_map) is distinct from 'object' or jsonb_typeof(p_rows) is distinct from 'array'
    -- The same department's care, or the right above was asked for the wrong people.
    or not exists (select from care.plan as old join care.plan as new on new.plan_id = old.plan_id and new.body ->> 'department' is not distinct from old.body ->> 'department'
      where old.plan_id = v_plan and old.version = v_from and new.version = p_to) then
    perform gate.fail('CT422', 'an order has an id, a later version of the same department, a map of steps, a code as its reason, an instant and its rows');
  end if;
  insert into care.migration (migration_id, plan_id, from_version, to_version, step_map, why, ordered_by, ordered_at)
  values (p_migration, v_plan, v_from, p_to, p_step_map, p_why, v_grant.actor_id::uuid, p_business_now);
  insert into care.migration_enrolment (migration_id, enrolment_id, patient_id, group_id, choice, expected, revision_seen, status, reason, ended_at)
  select p_migration, enrolment.enrolment_id, enrolment.patient_id, told.group_id, told.choice, told.expected, told.revision, told.status, told.reason, case when told.status <> 'pending' then p_business_now end
  from jsonb_to_recordset(p_rows) as told (enrolment_id uuid, group_id text, choice text, expected text, revision bigint, status text, reason text)
  join care.enrolment on enrolment.enrolment_id = told.enrolment_id
  -- Who is moved is moved by the worker, not by what an order says of itself.
  where told.status in ('pending', 'kept', 'refused') and enrolment.plan_id = v_plan and enrolment.plan_version = v_from and enrolment.status <> 'ended' and enrolment.patient_id = any (v_grant.patient_ids);
  get diagnostics v_count = row_count;
  if v_count <> jsonb_array_length(p_rows) then
    perform gate.fail('CT409', 'an enrolment has left this version, or the care of this department, since the look');
  end if;
  return v_count;
exception
  when unique_violation then
    perform gate.fail('CT409', 'an enrolment waits for another order');
    return null;
  when integrity_constraint_violation then
    perform gate.fail('CT422', 'a row of an order is not one');
    return null;
end $$;

-- Carries one row of an order out, or says why not. By right of the order, in the name of who gave it, once: the row is pending, and the
-- enrolment is as the worker saw it under this transaction's lock. Answers done; over: another did it; refused: whoever ordered it is
-- none of the staff any more, which is on record; held: the ledger is behind, so not now. Only after `done` is anything else written.
create function gate.move_enrolment(p_migration uuid, p_enrolment uuid, p_revision bigint, p_status text, p_reason text, p_looked_again boolean, p_changes jsonb, p_business_now timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_order care.migration;
  v_row care.migration_enrolment;
  v_enrolment care.enrolment;
  v_event audit.event;
  v_right record;
  v_moves boolean := coalesce(p_status in ('moved', 'restarted'), false);
  v_status text := p_status;
  v_reason text := p_reason;
begin
  if p_status is null or p_status not in ('moved', 'restarted', 'refused') or (p_status = 'refused') <> (p_reason is not null) or (p_reason is not null and not gate.is_code(p_reason))
    or p_looked_again is null or jsonb_typeof(p_changes) is distinct from 'array' or p_business_now is null then
    perform gate.fail('CT422', 'a move ends as moved, restarted, or refused with a code as its reason');
  end if;
  if audit.is_behind(gate.setting_of('ledger-behind-seconds')) then
    return 'held';
  end if;
  select * into v_enrolment from care.enrolment where enrolment_id = p_enrolment for no key update;
  select * into v_row from care.migration_enrolment where migration_id = p_migration and enrolment_id = p_enrolment for update;
  select * into v_order from care.migration where migration_id = p_migration;
  if v_row.status is null or (v_moves and v_row.status = 'pending' and (
    v_enrolment.plan_id <> v_order.plan_id or v_enrolment.plan_version <> v_order.from_version or v_enrolment.status = 'ended' or v_enrolment.revision is distinct from p_revision
    or v_row.choice <> case p_status when 'moved' then 'move' else 'restart' end)) then
    perform gate.fail('CT409', 'nothing is ordered for this enrolment as it stands');
  end if;
  if v_row.status <> 'pending' then
    return 'over';
  end if;
  -- A right to order is current at each move, or it is none: who ordered may have left, or been given other duties, and the patient another ward.
  if v_moves then
    select coalesce(bool_or(true), false) as any_role, coalesce(bool_or(permission.any_department or (v_enrolment.department = any (person.departments) and gate.in_care_team(v_row.patient_id, person.departments))), false) as in_care
    into v_right
    from auth.person join gate.enrolled_permission as permission on permission.role = any (person.roles) and permission.action = 'order-migration'
    where person.person_id = v_order.ordered_by and person.active;
    v_reason := case when not v_right.any_role then 'orderer-left' when not v_right.in_care then 'not-in-care-team' end;
    v_moves := v_reason is null;
    v_status := case when v_moves then v_status else 'refused' end;
  end if;
  v_event.event_id := gen_random_uuid();
  v_event.at := clock_timestamp();
  v_event.actor_kind := 'person';
  v_event.actor_id := v_order.ordered_by::text;
  v_event.action := 'migrate-enrolment';
  v_event.purpose := 'follow-up';
  v_event.verdict := case when v_moves then 'allowed' else 'refused' end;
  v_event.reason := v_reason;
  v_event.patient_ids := array[v_row.patient_id];
  v_event.subject := 'enrolment/' || p_enrolment::text;
  v_event.fields := '{}';
  v_event.detail := 'migration/' || p_migration::text || ',' || v_row.choice || ',' || v_order.plan_id || ',from=' || v_order.from_version::text || ',to=' || v_order.to_version::text || ',why=' || v_order.why;
  v_event.nonce := substr(gate.random_bytes(), 1, 16);
  perform gate.record(v_event);
  update care.migration_enrolment set status = v_status, reason = v_reason, revision_seen = coalesce(p_revision, revision_seen), looked_again = p_looked_again, changes = case when v_moves then p_changes else '[]' end, ended_at = p_business_now
  where migration_id = p_migration and enrolment_id = p_enrolment;
  if v_moves then
    update care.enrolment set plan_version = v_order.to_version where enrolment_id = p_enrolment;
    update care.touchpoint set step_id = v_order.step_map ->> step_id where enrolment_id = p_enrolment and v_order.step_map ->> step_id <> step_id;
  end if;
  return case when v_status = p_status then 'done' else v_status end;
exception
  when integrity_constraint_violation then
    perform gate.fail('CT409', 'nothing is ordered for this enrolment as it stands');
    return null;
end $$;

grant execute on function gate.open_enrolled(text, text, text, text, int, text), gate.read_enrolled(text), gate.order_migration(text, uuid, int, jsonb, text, timestamptz, jsonb) to ct_api;
grant execute on function gate.move_enrolment(uuid, uuid, bigint, text, text, boolean, jsonb, timestamptz) to ct_worker;
reset role;
