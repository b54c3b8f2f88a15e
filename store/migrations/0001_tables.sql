-- The tables of Carethread. Five schemas, each owned by a role that nobody can log in as:
--   care   operational: ids, codes, times, positions. Application logins read and write it, by the grants in 0008.
--   phi    identifying and clinical data, sealed by the vault. No application login has any right here.
--   gate   grants and the functions that are the only way to phi.
--   audit  the ledger's rows. The gate inserts; the sealer seals; nobody updates or deletes.
--   auth   staff accounts and sessions.
-- docs/security.md classifies every column; a test compares it with the catalog.

revoke all on schema public from public;
create schema care authorization ct_care;
create schema phi authorization ct_phi;
create schema gate authorization ct_gate;
create schema audit authorization ct_audit;
create schema auth authorization ct_auth_owner;

-- ---------------------------------------------------------------- auth
set role ct_auth_owner;
create table auth.person (
  person_id uuid primary key default gen_random_uuid(),
  login text not null unique,
  display_name text not null,
  password_hash text,
  roles text[] not null,
  departments text[] not null default '{}',
  phone text,                                   -- a staff member's own pager number, not a patient's
  active boolean not null default true,
  created_at timestamptz not null default clock_timestamp()
);
create table auth.session (
  token_hash bytea primary key,                 -- SHA-256 of the bearer token; the token itself is nowhere
  person_id uuid not null references auth.person,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
-- Whom a ladder's rung pages, in order.
create table auth.rota (
  role text not null,
  rank int not null,
  person_id uuid not null references auth.person,
  primary key (role, rank)
);
reset role;

-- ---------------------------------------------------------------- phi
set role ct_phi;
-- How a patient may be contacted. Zone, language and department are operational facts; they are here because begin locks this row.
create table phi.contact_state (
  patient_id uuid primary key,
  status text not null default 'active' check (status in ('active', 'admitted', 'deceased', 'inactive', 'erased')),
  zone text not null,
  language text not null,
  department text not null,
  epoch bigint not null default 1,
  created_at timestamptz not null default clock_timestamp()
);
-- Every identifying or clinical value, sealed. A correction is a new version; earlier versions stay.
create table phi.value (
  patient_id uuid not null,
  field text not null,
  row_id uuid not null,
  version int not null check (version >= 1),
  key_id uuid not null,
  sealed bytea not null,
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_by text not null,
  primary key (patient_id, field, row_id, version)
);
create table phi.identifier (
  kind text not null,                           -- 'mrn', 'national-id', ...
  blind_index bytea not null,
  patient_id uuid not null,
  primary key (kind, blind_index)
);
create table phi.address (
  address_id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('phone', 'email')),
  blind_index bytea not null unique,
  epoch bigint not null default 1,
  opted_out_at timestamptz,
  opted_out_by text                             -- 'reply', 'unsubscribe', 'provider', 'staff'
);
-- A phone may belong to several patients. row_id names the sealed value of the number.
create table phi.patient_address (
  patient_id uuid not null references phi.contact_state,
  address_id uuid not null references phi.address,
  row_id uuid not null,
  rank int not null default 1,
  suspended_at timestamptz,
  suspended_reason text,
  primary key (patient_id, address_id)
);
create index on phi.patient_address (address_id);
create table phi.consent (
  consent_id uuid primary key default gen_random_uuid(),
  patient_id uuid not null references phi.contact_state,
  purpose text not null,
  channel text not null,
  granted_at timestamptz not null,
  granted_by text not null,
  evidence_kind text not null check (evidence_kind in ('signature', 'recorded-yes', 'web-form', 'paper')),
  evidence_row_id uuid,                         -- sealed value 'consent.evidence'
  notice_version text not null,
  withdrawn_at timestamptz,
  withdrawn_by text
);
create unique index consent_live on phi.consent (patient_id, purpose, channel) where withdrawn_at is null;
-- What came in, sealed before the provider gets its 200. The key is the inbound key of the address, not of a patient.
create table phi.inbound (
  inbound_id uuid primary key,
  provider_sid text not null unique,
  kind text not null check (kind in ('sms', 'voice-turn')),
  address_id uuid not null references phi.address,
  patient_ids uuid[] not null,                  -- who had that number when it came: whoever gets it later does not read it
  key_id uuid not null,
  sealed bytea not null,
  received_at timestamptz not null,             -- business clock
  stored_at timestamptz not null default clock_timestamp(),
  taken_at timestamptz,                         -- when its handling was begun anew after a crash
  handled_at timestamptz,
  disposition text
);
create index inbound_waiting on phi.inbound (address_id) where handled_at is null;
reset role;

-- ---------------------------------------------------------------- care
set role ct_care;
create table care.plan (
  plan_id text not null,
  version int not null,
  body jsonb not null,
  source text not null,
  published_at timestamptz not null default clock_timestamp(),
  published_by text not null,
  primary key (plan_id, version)
);
create table care.enrolment (
  enrolment_id uuid primary key,
  patient_id uuid not null,
  plan_id text not null,
  plan_version int not null,
  department text not null,
  status text not null default 'active' check (status in ('active', 'paused', 'ended')),
  end_reason text,
  anchors jsonb not null,
  zone text not null,
  revision bigint not null default 0,
  started_by text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  foreign key (plan_id, plan_version) references care.plan
);
create unique index enrolment_live on care.enrolment (patient_id, plan_id) where status <> 'ended';
create index on care.enrolment (patient_id);
create table care.touchpoint (
  touchpoint_id uuid primary key,
  enrolment_id uuid not null references care.enrolment,
  patient_id uuid not null,
  step_id text not null,
  kind text not null check (kind in ('remind', 'ask', 'call', 'task')),
  purpose text not null default 'follow-up',
  due_at timestamptz,
  next_at timestamptz,
  not_after timestamptz,
  status text not null default 'planned' check (status in ('planned', 'sent', 'open', 'done')),
  outcome text check (outcome in ('answered', 'delivered', 'sent-unconfirmed', 'missed', 'merged', 'waived', 'escalated', 'failed')),
  reason text,
  channel_index int not null default 0,
  round int not null default 0,                 -- how often it was offered again, after contact data was repaired
  receipt_by timestamptz,
  ended_at timestamptz,
  unique (enrolment_id, step_id),
  check ((status = 'done') = (outcome is not null))
);
create index on care.touchpoint (patient_id);
create index touchpoint_unfinished on care.touchpoint (next_at) where status <> 'done';
create table care.conversation (
  touchpoint_id uuid primary key references care.touchpoint,
  enrolment_id uuid not null references care.enrolment,
  patient_id uuid not null,
  questionnaire_id text not null,
  questionnaire_version int not null,
  rules jsonb not null,                         -- ConversationRules of domain/questionnaire/types.ts
  state jsonb not null,                         -- ConversationState
  status text not null,                         -- state.status
  address_id uuid,                              -- the number that it is open on, once its first contact was begun
  revision bigint not null default 0,
  opened_at timestamptz not null,
  closed_at timestamptz
);
-- Never two open conversations on one number.
create unique index conversation_open on care.conversation (address_id) where closed_at is null and address_id is not null;
create table care.escalation (
  escalation_id uuid primary key,
  patient_id uuid not null,
  enrolment_id uuid references care.enrolment,
  touchpoint_id uuid references care.touchpoint,
  department text not null,
  level text not null check (level in ('red', 'amber')),
  rule_id text not null,
  acknowledge_code text not null,
  state jsonb not null,                         -- EscalationState of domain/escalation/types.ts
  status text not null check (status in ('open', 'acknowledged', 'closed')),
  revision bigint not null default 0,
  opened_at timestamptz not null,
  closed_at timestamptz
);
-- One open alert per patient, rule and level: an amber that is open never swallows a red.
create unique index escalation_open on care.escalation (patient_id, rule_id, level) where status <> 'closed';
create unique index escalation_code on care.escalation (acknowledge_code) where status <> 'closed';
create table care.task (
  task_id uuid primary key,
  patient_id uuid,
  enrolment_id uuid references care.enrolment,
  touchpoint_id uuid references care.touchpoint,
  inbound_id uuid,
  department text not null,
  kind text not null,
  title text not null,                          -- a code or the plan's task title, never patient data
  status text not null default 'open' check (status in ('open', 'claimed', 'done')),
  owner text,
  due_at timestamptz,
  created_at timestamptz not null,
  closed_at timestamptz,
  closed_by text,
  close_reason text
);
create index task_open on care.task (department, created_at) where status <> 'done';
-- One row for each contact that was begun. Key: subject, kind, channel. Written only by the gate.
create table care.attempt (
  attempt_id uuid primary key,
  subject_kind text not null check (subject_kind in ('touchpoint', 'escalation')),
  subject_id uuid not null,
  kind text not null,
  channel text not null,
  patient_id uuid,
  address_id uuid,
  status text not null check (status in ('claimed', 'sent', 'held', 'refused', 'unreachable', 'unknown')),
  reason text,
  begun_xact xid8,                              -- the transaction that claimed it, which does not see it: 0008
  first_claimed_at timestamptz not null default clock_timestamp(), -- when this try was claimed, not counting takeovers: "settled" is measured from here
  claimed_at timestamptz not null,              -- database clock
  lease_until timestamptz not null,
  begun_at timestamptz not null,                -- business clock
  ended_at timestamptz,
  takeovers int not null default 0,
  body_digest bytea,                            -- HMAC of the text that was or may have been sent, to compare at the provider
  provider_sid text,
  provider_status text,
  provider_rank int not null default 0,
  provider_error text,
  receipt bytea,                                -- ledger leaf hash of the authorisation
  unique (subject_kind, subject_id, kind, channel)
);
create unique index attempt_sid on care.attempt (provider_sid) where provider_sid is not null;
create index attempt_patient on care.attempt (patient_id, begun_at);
create index attempt_unresolved on care.attempt (lease_until) where status in ('claimed', 'unknown');
create table care.call (
  call_id uuid primary key,
  touchpoint_id uuid references care.touchpoint,
  patient_id uuid not null,
  owner_workflow_id text not null,              -- the thread that hears how it ended
  contact_kind text not null,
  record boolean not null,
  attempt_id uuid,
  address_id uuid,
  provider_sid text,
  status text not null default 'planned' check (status in ('planned', 'placed', 'answered', 'ended')),
  disposition text,
  answered_by text,
  turns int not null default 0,
  recording_sid text,
  recording_status text not null default 'none' check (recording_status in ('none', 'in-progress', 'available', 'stored', 'deleted', 'absent')),
  revision bigint not null default 0,
  created_at timestamptz not null,
  ended_at timestamptz
);
create unique index call_sid on care.call (provider_sid) where provider_sid is not null;
-- The outbox: what a thread must hear. Commit first, poke after; the sweeper pokes again what was not picked up.
create table care.thread (
  workflow_id text primary key,
  workflow_type text not null,
  task_queue text not null,
  subject_id uuid not null,
  started_at timestamptz not null,
  closed_at timestamptz
);
create table care.inbox (
  inbox_id bigint generated always as identity primary key,
  workflow_id text not null references care.thread,
  event jsonb not null,
  at timestamptz not null,                      -- business clock
  told_at timestamptz not null default clock_timestamp(),
  applied_at timestamptz
);
create index inbox_unapplied on care.inbox (workflow_id, inbox_id) where applied_at is null;
-- Provider callbacks, each once; the raw payload is sealed because it holds a number.
create table care.callback (
  callback_id bigint generated always as identity primary key,
  provider_sid text not null,
  status text not null,
  error_code text not null default '',
  received_at timestamptz not null,
  unique (provider_sid, status, error_code)
);
create table care.idempotency (
  actor_id text not null,
  idempotency_key text not null,
  request_digest bytea not null,
  status int,
  response jsonb,                               -- ids and codes only
  created_at timestamptz not null default clock_timestamp(),
  primary key (actor_id, idempotency_key)
);
-- What happened to a patient's plan and why, in codes: the story and `explain` read it.
create table care.story (
  story_id bigint generated always as identity primary key,
  enrolment_id uuid references care.enrolment,
  patient_id uuid not null,
  touchpoint_id uuid,
  at timestamptz not null,                      -- business clock
  what text not null,                           -- code, such as 'contact.held'
  detail jsonb not null default '{}'::jsonb     -- codes and instants only
);
create index on care.story (enrolment_id, story_id);
reset role;

-- ---------------------------------------------------------------- audit
set role ct_audit;
create table audit.event (
  event_id uuid primary key,
  at timestamptz not null,
  actor_kind text not null,                     -- 'person', 'worker', 'patient', 'system'
  actor_id text not null,
  action text not null,
  purpose text not null,
  verdict text not null check (verdict in ('allowed', 'refused', 'held', 'noted')),
  reason text,
  patient_ids uuid[] not null default '{}',
  subject text,                                 -- what thing, such as 'touchpoint/<id>'
  fields text[] not null default '{}',
  detail text,                                  -- codes only
  nonce bytea not null
);
create table audit.pending (
  event_id uuid primary key references audit.event,
  at timestamptz not null
);
create index on audit.pending (at);
create table audit.leaf (
  leaf_index bigint primary key,
  event_id uuid not null unique references audit.event,
  leaf_hash bytea not null
);
reset role;

-- ---------------------------------------------------------------- gate
set role ct_gate;
create table gate.grant_ (
  secret_hash bytea primary key,
  xact xid8 not null,                           -- the transaction that authorised: it may not read
  login text not null,                          -- the database login that opened it, and alone may use it
  session_hash bytea,                           -- the person's session: over or revoked, the grant is too
  event_id uuid not null,
  verdict text not null,
  reason text,
  actor_kind text not null,
  actor_id text not null,
  departments text[] not null default '{}',     -- the person's; null elements never
  any_department boolean not null default false,
  purpose text not null,
  action text not null,
  patient_ids uuid[] not null,
  fields text[] not null,                       -- may be read
  writes text[] not null default '{}',          -- may be put
  row_scope jsonb not null default '{}'::jsonb, -- field -> row ids, where not every row of the field is meant
  patient_epoch bigint,                         -- of a contact: both must still be these
  address_id uuid,                              -- the one address that a contact, turn or inbound message is about
  address_epoch bigint,
  detail jsonb not null default '{}'::jsonb,    -- attempt, subject: what verdict answers
  receipt bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index on gate.grant_ (expires_at);
reset role;
