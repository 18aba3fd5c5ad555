-- Up Migration

-- Grows with every change of configuration. Services poll this one row and reload what they cache when it has moved.
create table configuration_version (
  only_row boolean not null default true,
  version bigint not null,
  constraint configuration_version_pkey primary key (only_row),
  constraint configuration_version_has_one_row check (only_row)
);
insert into configuration_version (version) values (1);

create function raise_configuration_version() returns trigger language plpgsql as $$
begin
  update configuration_version set version = version + 1;
  return null;
end $$;

create trigger authorized_app_changed after insert or update or delete or truncate on authorized_app
  for each statement execute function raise_configuration_version();
create trigger health_authority_changed after insert or update or delete or truncate on health_authority
  for each statement execute function raise_configuration_version();
create trigger health_authority_key_changed after insert or update or delete or truncate on health_authority_key
  for each statement execute function raise_configuration_version();
create trigger revision_key_changed after insert or update or delete or truncate on revision_key
  for each statement execute function raise_configuration_version();

-- Down Migration

drop trigger revision_key_changed on revision_key;
drop trigger health_authority_key_changed on health_authority_key;
drop trigger health_authority_changed on health_authority;
drop trigger authorized_app_changed on authorized_app;
drop function raise_configuration_version();
drop table configuration_version;
