-- Up Migration

-- Which key signs exports, and under which id and version phones know it.
create table signature_info (
  id integer generated always as identity,
  signing_key text not null,                   -- the key manager's id of one key version
  signing_key_id text not null,                -- verification_key_id, usually the country's MCC
  signing_key_version text not null,           -- verification_key_version, such as v1
  thru_timestamp timestamptz,
  constraint signature_info_pkey primary key (id),
  constraint signature_info_names_a_key check (signing_key <> '')
);

-- Down Migration

drop table signature_info;
