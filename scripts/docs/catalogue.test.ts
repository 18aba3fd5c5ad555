import { sql } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSchema } from './catalogue.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await testDatabase()
})

afterAll(() => db.close())

test('a table is described with everything that a review should see', async () => {
  await db.execute(sql`create type zz_colour as enum ('red', 'green')`)
  await db.execute(sql`
    create table zz_thing (
      id integer generated always as identity,
      name text not null default 'x',
      colour zz_colour,
      twice integer generated always as (1 + 1) stored,
      constraint zz_thing_pkey primary key (id),
      constraint zz_thing_is_named check (name <> ''))`)
  await db.execute(sql`create unique index zz_thing_name on zz_thing (lower(name)) where id > 7`)
  await db.execute(sql`
    create function zz_refuse() returns trigger language plpgsql as ${sql([`'begin return null; end'`])}`)
  await db.execute(sql`
    create trigger zz_thing_refused before delete on zz_thing for each row execute function zz_refuse()`)

  const text = await describeSchema(db)

  expect(text).toContain(`create type zz_colour as enum ('red', 'green');`)
  expect(text).toContain(`create table zz_thing (
  id integer not null generated always as identity,
  name text not null default 'x'::text,
  colour zz_colour,
  twice integer generated always as ((1 + 1)) stored,
  constraint zz_thing_pkey PRIMARY KEY (id),
  constraint zz_thing_is_named CHECK (name <> ''::text)
);`)
  expect(text).toContain('CREATE UNIQUE INDEX zz_thing_name ON public.zz_thing')
  expect(text).toContain('CREATE OR REPLACE FUNCTION public.zz_refuse()')
  expect(text).toContain('CREATE TRIGGER zz_thing_refused BEFORE DELETE ON zz_thing')
})

test('the table of the migration tool is no part of the schema', async () => {
  expect(await describeSchema(db)).not.toContain('create table migration ')
})

test.each([
  ['a view', 'create view zz_view as select 1 as one', 'drop view zz_view', /^zz_view: /],
  ['a domain', 'create domain zz_domain as text', 'drop domain zz_domain', /^zz_domain: /],
  [
    'a sequence of its own',
    'create sequence zz_sequence',
    'drop sequence zz_sequence',
    /zz_sequence/,
  ],
])('%s is refused rather than left out', async (_, create, drop, message) => {
  await db.execute(sql([create]))
  await expect(describeSchema(db)).rejects.toThrow(message)
  await db.execute(sql([drop]))
})
