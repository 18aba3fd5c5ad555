-- Up Migration

create table export_config (
  id integer generated always as identity,
  bucket_name text not null,
  filename_root text not null,
  period_seconds integer not null,
  output_region text not null default '',
  input_regions text[] not null default '{}',  -- empty: the output region
  exclude_regions text[] not null default '{}',
  include_travelers boolean not null default false,
  only_non_travelers boolean not null default false,
  from_timestamp timestamptz not null,
  thru_timestamp timestamptz,
  signature_info_ids integer[] not null default '{}',
  max_records_override integer,
  constraint export_config_pkey primary key (id),
  constraint export_config_names_a_place check (bucket_name <> '' and filename_root <> ''),
  constraint export_config_period_divides_a_day check (period_seconds between 1 and 86400 and 86400 % period_seconds = 0),
  constraint export_config_travelers_agree check (not (include_travelers and only_non_travelers)),
  constraint export_config_lists_hold_no_null check (
    array_position(input_regions, null) is null and array_position(exclude_regions, null) is null
    and array_position(signature_info_ids, null) is null),
  constraint export_config_signs_at_most_ten_times check (cardinality(signature_info_ids) <= 10),
  constraint export_config_ends_after_it_begins check (thru_timestamp >= from_timestamp),
  constraint export_config_max_records_is_positive check (max_records_override > 0)
);

-- Two configs that write to one place would overwrite each other's files.
create unique index export_config_place on export_config (lower(filename_root), lower(bucket_name));

create type export_batch_status as enum ('OPEN', 'PENDING', 'COMPLETE', 'DELETED');

-- One window of one config, with a copy of the config as it was then: later changes do not touch batches that exist.
create table export_batch (
  id bigint generated always as identity,
  config_id integer not null,
  start_timestamp timestamptz not null,
  end_timestamp timestamptz not null,
  keys_from timestamptz not null,              -- where the window's keys begin: its start, or the end of the config's previous window
  status export_batch_status not null default 'OPEN',
  lease_token uuid,
  lease_expires timestamptz,
  settled_at timestamptz,                      -- from then on its generated keys are stored, and there will be no others
  failures integer not null default 0,
  failing_since timestamptz,                   -- the first failure since it was last complete
  not_before timestamptz,                      -- not tried again until then
  last_error text,
  completed_at timestamptz,
  regenerations integer not null default 0,    -- how often its files were replaced; each time under new names
  bucket_name text not null,
  filename_root text not null,
  output_region text not null,
  input_regions text[] not null,               -- never empty, unlike the config's
  exclude_regions text[] not null,
  include_travelers boolean not null,
  only_non_travelers boolean not null,
  signature_info_ids integer[] not null,
  max_records_override integer,
  constraint export_batch_pkey primary key (id),
  constraint export_batch_config_fkey foreign key (config_id) references export_config (id),
  constraint export_batch_window_key unique (config_id, end_timestamp, start_timestamp),
  constraint export_batch_window_is_not_empty check (start_timestamp < end_timestamp),
  constraint export_batch_keys_from_in_window check (keys_from >= start_timestamp and keys_from <= end_timestamp),
  constraint export_batch_takes_some_region check (cardinality(input_regions) > 0),
  constraint export_batch_lists_hold_no_null check (
    array_position(input_regions, null) is null and array_position(exclude_regions, null) is null
    and array_position(signature_info_ids, null) is null),
  constraint export_batch_max_records_is_positive check (max_records_override > 0),
  constraint export_batch_counts_failures check ((failures = 0) = (failing_since is null)),
  constraint export_batch_lease_is_whole check (
    (status = 'PENDING') = (lease_token is not null) and (lease_token is null) = (lease_expires is null)),
  constraint export_batch_complete_is_settled check (status in ('OPEN', 'PENDING') or settled_at is not null)
);

-- Leasing looks for the oldest window that is not done.
create index export_batch_unfinished on export_batch (end_timestamp, id) where status in ('OPEN', 'PENDING');

create type export_file_status as enum ('WRITING', 'COMPLETE', 'DEL_PEND', 'DELETED');

-- One archive. The row is written before the object, so that a retry can tell its own object from another.
create table export_file (
  bucket_name text not null,
  filename text not null,                      -- the whole object name, root included
  batch_id bigint not null,
  batch_num integer not null,                  -- from 1
  batch_size integer not null,
  status export_file_status not null default 'WRITING',
  digest bytea not null,                       -- SHA-256 of the archive
  size_bytes bigint not null,
  key_count integer not null,
  revised_key_count integer not null,
  constraint export_file_pkey primary key (bucket_name, filename),
  constraint export_file_batch_fkey foreign key (batch_id) references export_batch (id),
  constraint export_file_is_numbered check (batch_num between 1 and batch_size),
  constraint export_file_digest_is_sha256 check (octet_length(digest) = 32)
);

-- A batch has each of its files once; what was replaced or expired keeps its row until its object is gone.
create unique index export_file_number on export_file (batch_id, batch_num) where status in ('WRITING', 'COMPLETE');

-- Every index that phones may be reading: what it should say (the version grows with every change) and what was written last. A
-- config has more than one when its place was changed; those who read the former one are served as before.
create table export_index (
  bucket_name text not null,
  object_name text not null,
  config_id integer not null,
  version bigint not null default 1,
  written_version bigint not null default 0,
  written_at timestamptz,
  written_cutoff timestamptz,                  -- windows that began by then were not listed any more
  constraint export_index_pkey primary key (bucket_name, object_name),
  constraint export_index_config_fkey foreign key (config_id) references export_config (id),
  constraint export_index_write_is_whole check (
    (written_version = 0) = (written_at is null) and (written_at is null) = (written_cutoff is null))
);

-- Down Migration

drop table export_index;
drop table export_file;
drop type export_file_status;
drop table export_batch;
drop type export_batch_status;
drop table export_config;
