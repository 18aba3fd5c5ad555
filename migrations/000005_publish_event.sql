-- Up Migration

-- One row per publish, appended by the publish statement itself; nothing finer than what the statistics show. A job folds closed hours.
-- Appending keeps publishes of one authority and hour from waiting for each other, as a counter row would. No index: it is read
-- rarely and whole, and folding keeps it small.
create table publish_event (
  hour timestamptz not null,
  health_authority_id integer not null,
  key_count smallint not null,                 -- inserted and revised
  platform smallint not null,                  -- 0 unknown, 1 android, 2 ios
  oldest_key_days smallint,                    -- null: not counted (a revision)
  onset_age_days smallint,                     -- null: not counted (a revision, or no onset was given)
  revision boolean not null,
  missing_onset boolean not null
);

-- The publishes of one authority and hour, folded: only sums are left. An hour may be in both tables; what counts is both together.
create table publish_hour (
  health_authority_id integer not null,
  hour timestamptz not null,
  publishes integer[] not null,                -- by platform
  key_count bigint not null,
  revisions integer not null,
  oldest_key_days integer[] not null,          -- by days, 15 and more in the last
  onset_age_days integer[] not null,           -- by days, 29 and more in the last
  missing_onset integer not null,
  constraint publish_hour_pkey primary key (health_authority_id, hour),
  constraint publish_hour_has_every_bucket check (
    cardinality(publishes) = 3 and cardinality(oldest_key_days) = 16 and cardinality(onset_age_days) = 30)
);

-- Down Migration

drop table publish_hour;
drop table publish_event;
