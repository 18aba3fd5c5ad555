-- Up Migration

-- A name held by one process. The token tells the holder from its successors.
create table lock (
  name text not null,
  token uuid not null,
  expires_at timestamptz not null,
  constraint lock_pkey primary key (name)
);

-- Down Migration

drop table lock;
