-- Who is there, in numbers: whether the rotas and the department that a plan names exist and have somebody. No names, no pager numbers.

set role ct_gate;
create function gate.staffing() returns table (kind text, name text, people int)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
  -- Of a rota those who can be paged; 0 for one on which nobody can.
  select 'rota', rota.role, (count(*) filter (where person.active and person.phone is not null))::int
  from auth.rota join auth.person on person.person_id = rota.person_id group by rota.role
  union all
  -- Of a department those who see its tasks and alerts.
  select 'department', department, count(*)::int
  from auth.person, unnest(person.departments) as department where person.active and person.roles && array['coordinator', 'clinician'] group by department
$$;
grant execute on function gate.staffing() to ct_api, ct_worker;
reset role;
