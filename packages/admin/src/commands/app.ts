import { authorizedApps } from '@ens/database'
import type { Command } from 'commander'
import {
  type AuthorizedAppInput,
  createAuthorizedApp,
  deleteAuthorizedApp,
  updateAuthorizedApp,
} from '../authorized-apps.ts'
import type { Context } from '../context.ts'
import { collect, collectIds, yesOrNo } from '../options.ts'

interface Options {
  name: string
  region?: string[]
  healthAuthority?: number[]
  bypassVerification?: boolean
  bypassRevisionToken?: boolean
}

/** The apps that may publish; phones send the name as `healthAuthorityID`. */
export function addAppCommands(program: Command, context: Context): void {
  const group = program.command('app').description('the apps that may publish')

  withSettings(group.command('create').description('let an app publish'))
    .requiredOption('--name <name>', 'what phones send as healthAuthorityID')
    .action(async (options: Options) => {
      const app: AuthorizedAppInput = {
        name: options.name,
        ...asInput(options),
        allowedRegions: options.region ?? [],
        allowedHealthAuthorityIds: options.healthAuthority ?? [],
      }
      await createAuthorizedApp(await context.forConfiguration(), app)
      context.print({ created: options.name.toLowerCase() })
    })
  group
    .command('list')
    .description('every app')
    .action(async () =>
      context.print(await authorizedApps.list((await context.forConfiguration()).db)),
    )
  withSettings(group.command('update <name>').description('change what is given')).action(
    async (name: string, options: Options) => {
      await updateAuthorizedApp(await context.forConfiguration(), name, asInput(options))
      context.print({ updated: name.toLowerCase() })
    },
  )
  group
    .command('delete <name>')
    .description('end an app’s right to publish; its keys stay')
    .action(async (name: string) => {
      await deleteAuthorizedApp(await context.forConfiguration(), name)
      context.print({ deleted: name.toLowerCase() })
    })
}

function withSettings(command: Command): Command {
  return command
    .option('--region <region>', 'stamped on its keys; may be repeated', collect)
    .option('--health-authority <id>', 'whose certificates it may use; may be repeated', collectIds)
    .option('--bypass-verification <yes|no>', 'never in production: no certificate needed', yesOrNo)
    .option('--bypass-revision-token <yes|no>', 'never in production: no token needed', yesOrNo)
}

function asInput(options: Options): Partial<Omit<AuthorizedAppInput, 'name'>> {
  return {
    ...(options.region && { allowedRegions: options.region }),
    ...(options.healthAuthority && { allowedHealthAuthorityIds: options.healthAuthority }),
    bypassHealthAuthorityVerification: options.bypassVerification,
    bypassRevisionToken: options.bypassRevisionToken,
  }
}
