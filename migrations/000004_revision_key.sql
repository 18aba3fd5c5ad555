-- Up Migration

-- The data keys that encrypt revision tokens, each wrapped by the key manager. A destroyed key keeps its row, so that no kid is used twice.
create table revision_key (
  kid bigint generated always as identity,
  aad bytea,
  wrapped_cipher bytea,
  created_at timestamptz not null,
  allowed boolean not null default true,
  constraint revision_key_pkey primary key (kid),
  constraint revision_key_allowed_is_whole check (not allowed or (aad is not null and wrapped_cipher is not null))
);

-- Down Migration

drop table revision_key;
