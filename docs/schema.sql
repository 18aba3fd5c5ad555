-- The schema after all migrations, so that a review sees the result.
-- Written by `npx -y pnpm@12 run docs` from the catalogue of a migrated database; do not edit.

create type export_batch_status as enum ('OPEN', 'PENDING', 'COMPLETE', 'DELETED');
create type export_file_status as enum ('WRITING', 'COMPLETE', 'DEL_PEND', 'DELETED');
create type report_type as enum ('confirmed', 'likely', 'user-report', 'negative');

create table authorized_app (
  app_package_name text not null,
  allowed_regions text[] not null,
  allowed_health_authority_ids integer[] not null default '{}'::integer[],
  bypass_health_authority_verification boolean not null default false,
  bypass_revision_token boolean not null default false,
  constraint authorized_app_pkey PRIMARY KEY (app_package_name),
  constraint authorized_app_authorities_hold_no_null CHECK (array_position(allowed_health_authority_ids, NULL::integer) IS NULL),
  constraint authorized_app_name_is_lower_case CHECK (app_package_name = lower(app_package_name) AND app_package_name <> ''::text),
  constraint authorized_app_regions_hold_no_null CHECK (array_position(allowed_regions, NULL::text) IS NULL)
);

create table configuration_version (
  only_row boolean not null default true,
  version bigint not null,
  constraint configuration_version_pkey PRIMARY KEY (only_row),
  constraint configuration_version_has_one_row CHECK (only_row)
);

create table export_batch (
  id bigint not null generated always as identity,
  config_id integer not null,
  start_timestamp timestamp with time zone not null,
  end_timestamp timestamp with time zone not null,
  keys_from timestamp with time zone not null,
  status export_batch_status not null default 'OPEN'::export_batch_status,
  lease_token uuid,
  lease_expires timestamp with time zone,
  settled_at timestamp with time zone,
  failures integer not null default 0,
  failing_since timestamp with time zone,
  not_before timestamp with time zone,
  last_error text,
  completed_at timestamp with time zone,
  regenerations integer not null default 0,
  bucket_name text not null,
  filename_root text not null,
  output_region text not null,
  input_regions text[] not null,
  exclude_regions text[] not null,
  include_travelers boolean not null,
  only_non_travelers boolean not null,
  signature_info_ids integer[] not null,
  max_records_override integer,
  constraint export_batch_pkey PRIMARY KEY (id),
  constraint export_batch_window_key UNIQUE (config_id, end_timestamp, start_timestamp),
  constraint export_batch_config_fkey FOREIGN KEY (config_id) REFERENCES export_config(id),
  constraint export_batch_complete_is_settled CHECK ((status = ANY (ARRAY['OPEN'::export_batch_status, 'PENDING'::export_batch_status])) OR settled_at IS NOT NULL),
  constraint export_batch_counts_failures CHECK ((failures = 0) = (failing_since IS NULL)),
  constraint export_batch_keys_from_in_window CHECK (keys_from >= start_timestamp AND keys_from <= end_timestamp),
  constraint export_batch_lease_is_whole CHECK ((status = 'PENDING'::export_batch_status) = (lease_token IS NOT NULL) AND (lease_token IS NULL) = (lease_expires IS NULL)),
  constraint export_batch_lists_hold_no_null CHECK (array_position(input_regions, NULL::text) IS NULL AND array_position(exclude_regions, NULL::text) IS NULL AND array_position(signature_info_ids, NULL::integer) IS NULL),
  constraint export_batch_max_records_is_positive CHECK (max_records_override > 0),
  constraint export_batch_takes_some_region CHECK (cardinality(input_regions) > 0),
  constraint export_batch_window_is_not_empty CHECK (start_timestamp < end_timestamp)
);

create table export_config (
  id integer not null generated always as identity,
  bucket_name text not null,
  filename_root text not null,
  period_seconds integer not null,
  output_region text not null default ''::text,
  input_regions text[] not null default '{}'::text[],
  exclude_regions text[] not null default '{}'::text[],
  include_travelers boolean not null default false,
  only_non_travelers boolean not null default false,
  from_timestamp timestamp with time zone not null,
  thru_timestamp timestamp with time zone,
  signature_info_ids integer[] not null default '{}'::integer[],
  max_records_override integer,
  constraint export_config_pkey PRIMARY KEY (id),
  constraint export_config_ends_after_it_begins CHECK (thru_timestamp >= from_timestamp),
  constraint export_config_lists_hold_no_null CHECK (array_position(input_regions, NULL::text) IS NULL AND array_position(exclude_regions, NULL::text) IS NULL AND array_position(signature_info_ids, NULL::integer) IS NULL),
  constraint export_config_max_records_is_positive CHECK (max_records_override > 0),
  constraint export_config_names_a_place CHECK (bucket_name <> ''::text AND filename_root <> ''::text),
  constraint export_config_period_divides_a_day CHECK (period_seconds >= 1 AND period_seconds <= 86400 AND (86400 % period_seconds) = 0),
  constraint export_config_signs_at_most_ten_times CHECK (cardinality(signature_info_ids) <= 10),
  constraint export_config_travelers_agree CHECK (NOT (include_travelers AND only_non_travelers))
);

create table export_file (
  bucket_name text not null,
  filename text not null,
  batch_id bigint not null,
  batch_num integer not null,
  batch_size integer not null,
  status export_file_status not null default 'WRITING'::export_file_status,
  digest bytea not null,
  size_bytes bigint not null,
  key_count integer not null,
  revised_key_count integer not null,
  constraint export_file_pkey PRIMARY KEY (bucket_name, filename),
  constraint export_file_batch_fkey FOREIGN KEY (batch_id) REFERENCES export_batch(id),
  constraint export_file_digest_is_sha256 CHECK (octet_length(digest) = 32),
  constraint export_file_is_numbered CHECK (batch_num >= 1 AND batch_num <= batch_size)
);

create table export_index (
  bucket_name text not null,
  object_name text not null,
  config_id integer not null,
  version bigint not null default 1,
  written_version bigint not null default 0,
  written_at timestamp with time zone,
  written_cutoff timestamp with time zone,
  constraint export_index_pkey PRIMARY KEY (bucket_name, object_name),
  constraint export_index_config_fkey FOREIGN KEY (config_id) REFERENCES export_config(id),
  constraint export_index_write_is_whole CHECK ((written_version = 0) = (written_at IS NULL) AND (written_at IS NULL) = (written_cutoff IS NULL))
);

create table exposure (
  created_at timestamp with time zone not null,
  revised_at timestamp with time zone,
  interval_number integer not null,
  health_authority_id integer,
  interval_count smallint not null,
  transmission_risk smallint not null,
  days_since_symptom_onset smallint,
  revised_transmission_risk smallint,
  revised_days_since_symptom_onset smallint,
  traveler boolean not null,
  local_provenance boolean not null,
  report_type report_type,
  revised_report_type report_type,
  exposure_key bytea not null,
  app_package_name text not null,
  regions text[] not null,
  constraint exposure_pkey PRIMARY KEY (exposure_key),
  constraint exposure_interval_count_in_range CHECK (interval_count >= 1 AND interval_count <= 144),
  constraint exposure_key_is_16_bytes CHECK (octet_length(exposure_key) = 16),
  constraint exposure_regions_hold_no_null CHECK (array_position(regions, NULL::text) IS NULL),
  constraint exposure_revision_is_whole CHECK ((revised_at IS NULL) = (revised_report_type IS NULL) AND (revised_at IS NULL) = (revised_transmission_risk IS NULL) AND (revised_at IS NOT NULL OR revised_days_since_symptom_onset IS NULL)),
  constraint exposure_transmission_risk_in_range CHECK (transmission_risk >= 0 AND transmission_risk <= 8)
);

create table health_authority (
  id integer not null generated always as identity,
  issuer text not null,
  audience text not null,
  name text not null,
  jwks_uri text,
  enable_stats boolean not null default true,
  constraint health_authority_pkey PRIMARY KEY (id),
  constraint health_authority_issuer_key UNIQUE (issuer),
  constraint health_authority_is_named CHECK (issuer <> ''::text AND audience <> ''::text AND name <> ''::text)
);

create table health_authority_key (
  health_authority_id integer not null,
  version text not null,
  from_timestamp timestamp with time zone not null,
  thru_timestamp timestamp with time zone,
  public_key text not null,
  constraint health_authority_key_pkey PRIMARY KEY (health_authority_id, version),
  constraint health_authority_key_authority_fkey FOREIGN KEY (health_authority_id) REFERENCES health_authority(id),
  constraint health_authority_key_ends_after_it_begins CHECK (thru_timestamp >= from_timestamp)
);

create table lock (
  name text not null,
  token uuid not null,
  expires_at timestamp with time zone not null,
  constraint lock_pkey PRIMARY KEY (name)
);

create table publish_event (
  hour timestamp with time zone not null,
  health_authority_id integer not null,
  key_count smallint not null,
  platform smallint not null,
  oldest_key_days smallint,
  onset_age_days smallint,
  revision boolean not null,
  missing_onset boolean not null
);

create table publish_hour (
  health_authority_id integer not null,
  hour timestamp with time zone not null,
  publishes integer[] not null,
  key_count bigint not null,
  revisions integer not null,
  oldest_key_days integer[] not null,
  onset_age_days integer[] not null,
  missing_onset integer not null,
  constraint publish_hour_pkey PRIMARY KEY (health_authority_id, hour),
  constraint publish_hour_has_every_bucket CHECK (cardinality(publishes) = 3 AND cardinality(oldest_key_days) = 16 AND cardinality(onset_age_days) = 30)
);

create table revision_key (
  kid bigint not null generated always as identity,
  aad bytea,
  wrapped_cipher bytea,
  created_at timestamp with time zone not null,
  allowed boolean not null default true,
  constraint revision_key_pkey PRIMARY KEY (kid),
  constraint revision_key_allowed_is_whole CHECK (NOT allowed OR aad IS NOT NULL AND wrapped_cipher IS NOT NULL)
);

create table signature_info (
  id integer not null generated always as identity,
  signing_key text not null,
  signing_key_id text not null,
  signing_key_version text not null,
  thru_timestamp timestamp with time zone,
  constraint signature_info_pkey PRIMARY KEY (id),
  constraint signature_info_names_a_key CHECK (signing_key <> ''::text)
);

CREATE INDEX export_batch_unfinished ON public.export_batch USING btree (end_timestamp, id) WHERE (status = ANY (ARRAY['OPEN'::export_batch_status, 'PENDING'::export_batch_status]));
CREATE UNIQUE INDEX export_config_place ON public.export_config USING btree (lower(filename_root), lower(bucket_name));
CREATE UNIQUE INDEX export_file_number ON public.export_file USING btree (batch_id, batch_num) WHERE (status = ANY (ARRAY['WRITING'::export_file_status, 'COMPLETE'::export_file_status]));
CREATE INDEX exposure_created_at ON public.exposure USING btree (created_at);
CREATE INDEX exposure_revised_at ON public.exposure USING btree (revised_at) WHERE (revised_at IS NOT NULL);
CREATE UNIQUE INDEX signature_info_name ON public.signature_info USING btree (signing_key_id, signing_key_version);

CREATE OR REPLACE FUNCTION public.admit_publish(arrived_at timestamp with time zone, max_skew_ms integer, max_wait_ms integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock_shared(454001, floor(seconds_since_2020(arrived_at))::integer);
  perform set_config('lock_timeout', max_wait_ms::text, true);
  if abs(extract(epoch from clock_timestamp() - arrived_at)) * 1000 > max_skew_ms then
    raise exception 'the publish arrived too long ago, or clocks differ' using errcode = 'EN002';
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.publishes_in_flight(before timestamp with time zone, max_skew_ms integer)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  if clock_timestamp() < before + max_skew_ms * interval '1 millisecond' then
    return true;
  end if;
  return exists (
    select from pg_locks
    where locktype = 'advisory' and classid = 454001 and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())
      and objid::bigint < ceil(seconds_since_2020(before)));
end $function$;

CREATE OR REPLACE FUNCTION public.raise_configuration_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update configuration_version set version = version + 1;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_partial_publish(sent integer, inserted integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'only % of % keys are new', inserted, sent using errcode = 'EN001';
end $function$;

CREATE OR REPLACE FUNCTION public.seconds_since_2020(moment timestamp with time zone)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
AS $function$ select greatest(extract(epoch from moment)::numeric - 1577836800, 0) $function$;

CREATE TRIGGER authorized_app_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON authorized_app FOR EACH STATEMENT EXECUTE FUNCTION raise_configuration_version();
CREATE TRIGGER health_authority_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON health_authority FOR EACH STATEMENT EXECUTE FUNCTION raise_configuration_version();
CREATE TRIGGER health_authority_key_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON health_authority_key FOR EACH STATEMENT EXECUTE FUNCTION raise_configuration_version();
CREATE TRIGGER revision_key_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON revision_key FOR EACH STATEMENT EXECUTE FUNCTION raise_configuration_version();
