-- Up Migration

-- One row per publish, appended by the publish statement itself; nothing finer than what the statistics show. A job folds closed hours.
-- Appending keeps publishes of one authority and hour from waiting for each other, as a counter row would.
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

-- Down Migration

drop table publish_event;
