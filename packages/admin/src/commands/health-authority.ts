import { healthAuthorities } from '@ens/database'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import {
  activateHealthAuthorityKey,
  addHealthAuthorityKey,
  createHealthAuthority,
  getHealthAuthority,
  type HealthAuthorityInput,
  type KeyInput,
  reinstateHealthAuthorityKey,
  revokeHealthAuthorityKey,
  updateHealthAuthority,
} from '../health-authorities.ts'
import { file, id, instant, yesOrNo } from '../options.ts'

/** Issuers of verification certificates, and the keys they sign with. */
export function addHealthAuthorityCommands(program: Command, context: Context): void {
  const group = program
    .command('health-authority')
    .description('issuers of verification certificates, and their keys')

  withSettings(group.command('create').description('register an issuer'), true).action(
    async (input: HealthAuthorityInput) =>
      context.print({ id: await createHealthAuthority(await context.forConfiguration(), input) }),
  )
  group
    .command('list')
    .description('every issuer with its keys')
    .action(async () => {
      const { db } = await context.forConfiguration()
      context.print((await healthAuthorities.listWithKeys(db)).map(summary))
    })
  group
    .command('show')
    .argument('<id>', 'as `list` shows it', id)
    .description('one issuer with its keys in full')
    .action(async (given: number) =>
      context.print(await getHealthAuthority(await context.forConfiguration(), given)),
    )
  withSettings(
    group
      .command('update')
      .argument('<id>', 'as `list` shows it', id)
      .description('change what is given'),
    false,
  ).action(async (given: number, changes: Partial<HealthAuthorityInput>) => {
    await updateHealthAuthority(await context.forConfiguration(), given, changes)
    context.print({ updated: given })
  })
  addKeyCommands(group, context)
}

function addKeyCommands(group: Command, context: Context): void {
  group
    .command('add-key')
    .argument('<id>', 'as `list` shows it', id)
    .description('accept certificates signed with this key')
    .requiredOption('--version <kid>', 'the certificates’ kid')
    .requiredOption('--public-key <file>', 'the public key as SPKI in PEM', file)
    .option('--from <time>', 'valid from (default: now)', instant)
    .option('--thru <time>', 'valid until (default: no end)', instant)
    .action(async (given: number, key: KeyInput) => {
      await addHealthAuthorityKey(await context.forConfiguration(), given, key)
      context.print({ added: key.version })
    })
  const changes = [
    ['revoke-key', 'end a key now', revokeHealthAuthorityKey],
    ['reinstate-key', 'take a key’s end away', reinstateHealthAuthorityKey],
    ['activate-key', 'let a key that begins later begin now', activateHealthAuthorityKey],
  ] as const
  for (const [name, description, change] of changes)
    group
      .command(name)
      .argument('<id>', 'as `list` shows it', id)
      .argument('<version>', 'the key’s kid')
      .description(description)
      .action(async (given: number, version: string) => {
        await change(await context.forConfiguration(), given, version)
        context.print({ changed: version })
      })
}

function withSettings(command: Command, creating: boolean): Command {
  const option = (flags: string, description: string) =>
    creating ? command.requiredOption(flags, description) : command.option(flags, description)
  option('--issuer <iss>', 'the certificates’ iss')
  option('--audience <aud>', 'the certificates’ aud')
  option('--name <name>', 'what to call the authority')
  return command
    .option('--jwks-uri <url>', 'where the authority publishes its keys')
    .option('--enable-stats <yes|no>', 'whether it may ask for statistics', yesOrNo)
}

function summary(authority: Awaited<ReturnType<typeof getHealthAuthority>>): object {
  const { keys, ...rest } = authority
  return { ...rest, keys: keys.map(({ version }) => version).join(' ') }
}
