-- Up Migration

create type report_type as enum ('confirmed', 'likely', 'user-report', 'negative');

-- Every published exposure key, with all we store about it. No foreign key: this is the hottest table of the system, and the rows it
-- would refer to are configuration that may end before the keys do. The key leads the primary key, so that the table can be
-- hash-partitioned by it without changing a query.
create table exposure (
  created_at timestamptz not null,             -- arrival truncated to the window, or the end of the embargo; never the upload's own time
  revised_at timestamptz,
  interval_number integer not null,            -- ten-minute intervals since 1970 at which the key starts
  health_authority_id integer,                 -- whose certificate came with the key, or with its revision
  interval_count smallint not null,
  transmission_risk smallint not null,
  days_since_symptom_onset smallint,
  revised_transmission_risk smallint,
  revised_days_since_symptom_onset smallint,
  traveler boolean not null,
  local_provenance boolean not null,           -- published or generated here, neither federated nor imported
  report_type report_type,                     -- null: published without a verified certificate
  revised_report_type report_type,
  exposure_key bytea not null,
  app_package_name text not null,
  regions text[] not null,
  constraint exposure_pkey primary key (exposure_key),
  constraint exposure_key_is_16_bytes check (octet_length(exposure_key) = 16),
  constraint exposure_interval_count_in_range check (interval_count between 1 and 144),
  constraint exposure_transmission_risk_in_range check (transmission_risk between 0 and 8),
  constraint exposure_regions_hold_no_null check (array_position(regions, null) is null),
  constraint exposure_revision_is_whole check (
    (revised_at is null) = (revised_report_type is null)
    and (revised_at is null) = (revised_transmission_risk is null)
    and (revised_at is not null or revised_days_since_symptom_onset is null))
);

-- An export reads one window of arrivals; the clean-up reads the oldest.
create index exposure_created_at on exposure (created_at);
-- An export reads one window of revisions; few keys are ever revised.
create index exposure_revised_at on exposure (revised_at) where revised_at is not null;

-- Raised from inside the publish statement, so that a publish is stored whole or not at all.
create function refuse_partial_publish(sent integer, inserted integer) returns void language plpgsql as $$
begin
  raise exception 'only % of % keys are new', inserted, sent using errcode = 'EN001';
end $$;

-- Lets a publish in, at the beginning of its transaction. The shared lock, which nobody ever waits for, names the second of its arrival
-- until its rows can be seen, so that an export can tell whether anything may still land in a window. The clock is read after the lock
-- is held: a publish that an export does not see yet arrives at a moment when that export does not read the window either.
-- The clock of the database is asked here, and in the function below, on purpose: whether the two clocks agree is the question.
create function admit_publish(arrived_at timestamptz, max_skew_ms integer, max_wait_ms integer) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(454001, floor(seconds_since_2020(arrived_at))::integer);
  perform set_config('lock_timeout', max_wait_ms::text, true);
  if abs(extract(epoch from clock_timestamp() - arrived_at)) * 1000 > max_skew_ms then
    raise exception 'the publish arrived too long ago, or clocks differ' using errcode = 'EN002';
  end if;
end $$;

-- Whether a publish that arrived before this moment may still become visible. Null for the skew: clocks are not compared.
create function publishes_in_flight(before timestamptz, max_skew_ms integer) returns boolean language plpgsql as $$
begin
  if clock_timestamp() < before + max_skew_ms * interval '1 millisecond' then
    return true;
  end if;
  return exists (
    select from pg_locks
    where locktype = 'advisory' and classid = 454001 and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())
      and objid::bigint < ceil(seconds_since_2020(before)));
end $$;

-- What is earlier is a moved clock's, and counts as 2020.
create function seconds_since_2020(moment timestamptz) returns numeric language sql immutable as
$$ select greatest(extract(epoch from moment)::numeric - 1577836800, 0) $$;

-- Down Migration

drop function seconds_since_2020(timestamptz);
drop function publishes_in_flight(timestamptz, integer);
drop function admit_publish(timestamptz, integer, integer);
drop function refuse_partial_publish(integer, integer);
drop table exposure;
drop type report_type;
