-- Up Migration

-- The issuers whose verification certificates are accepted.
create table health_authority (
  id integer generated always as identity,
  issuer text not null,
  audience text not null,
  name text not null,
  jwks_uri text,
  enable_stats boolean not null default true,
  constraint health_authority_pkey primary key (id),
  constraint health_authority_issuer_key unique (issuer),
  constraint health_authority_is_named check (issuer <> '' and audience <> '' and name <> '')
);

create table health_authority_key (
  health_authority_id integer not null,
  version text not null,                       -- the certificate's kid
  from_timestamp timestamptz not null,
  thru_timestamp timestamptz,
  public_key text not null,                    -- SPKI in PEM
  constraint health_authority_key_pkey primary key (health_authority_id, version),
  constraint health_authority_key_authority_fkey foreign key (health_authority_id) references health_authority (id),
  constraint health_authority_key_ends_after_it_begins check (thru_timestamp >= from_timestamp)
);

-- Down Migration

drop table health_authority_key;
drop table health_authority;
