-- Texts that the provider holds and that never reached us, because the API was away longer than the provider tries.

set role ct_gate;

-- Which of these ids of a provider no stored message has. It tells nothing of the messages themselves.
create function gate.inbound_unknown(p_provider_sids text[]) returns table (provider_sid text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  if p_provider_sids is null or cardinality(p_provider_sids) > 1000 then
    perform gate.fail('CT422', 'ask for at most 1000 ids of messages at once');
  end if;
  return query
    select asked.sid from unnest(p_provider_sids) as asked(sid)
    where not exists (select from phi.inbound where inbound.provider_sid = asked.sid);
end $$;

grant execute on function gate.inbound_unknown(text[]) to ct_api, ct_worker;

reset role;
