-- Up Migration

-- The apps that may publish. Phones send the name as healthAuthorityID.
create table authorized_app (
  app_package_name text not null,
  allowed_regions text[] not null,
  allowed_health_authority_ids integer[] not null default '{}',
  bypass_health_authority_verification boolean not null default false,
  bypass_revision_token boolean not null default false,
  constraint authorized_app_pkey primary key (app_package_name),
  constraint authorized_app_name_is_lower_case check (app_package_name = lower(app_package_name) and app_package_name <> ''),
  constraint authorized_app_regions_hold_no_null check (array_position(allowed_regions, null) is null),
  constraint authorized_app_authorities_hold_no_null check (array_position(allowed_health_authority_ids, null) is null)
);

-- Down Migration

drop table authorized_app;
