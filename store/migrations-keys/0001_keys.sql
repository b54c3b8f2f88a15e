-- Up Migration
-- Wrapped data keys, one live key for each patient and retention class. They live in a database of their own, with a backup
-- window of its own, so that destroying a key destroys what it sealed in every backup of the facts.

create schema keys;

create table keys.data_key (
  key_id uuid primary key,
  patient_id uuid not null,
  retention_class text not null,
  -- The key under a master key; gone once destroyed.
  wrapped bytea,
  master_key_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  check ((wrapped is null) = (destroyed_at is not null))
)
-- A destroyed key's old row version is to be vacuumed at the next round, not when a fifth of the table has changed.
with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);

create unique index data_key_live on keys.data_key (patient_id, retention_class) where destroyed_at is null;
create index data_key_patient on keys.data_key (patient_id);
create index data_key_master on keys.data_key (master_key_id) where destroyed_at is null;

revoke all on schema keys from public;
revoke all on keys.data_key from public;
grant usage on schema keys to ct_worker, ct_api;
grant select, insert, update (wrapped, master_key_id, destroyed_at) on keys.data_key to ct_worker, ct_api;

-- A destroyed key stays destroyed, whoever asks.
create function keys.keep_destroyed() returns trigger language plpgsql set search_path = '' as $$
begin
  if old.destroyed_at is not null then
    raise exception 'key % was destroyed and stays so', old.key_id using errcode = 'CT001';
  end if;
  return new;
end
$$;
revoke all on function keys.keep_destroyed() from public;
create trigger keep_destroyed before update on keys.data_key for each row execute function keys.keep_destroyed();
