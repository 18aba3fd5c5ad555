import { describeConfig, loadConfig, maskedConfig, type Variables } from '@ens/config'
import { z } from 'zod'
import { secretsConfig } from './config.ts'
import { openSecretManager } from './open.ts'
import { readReferences } from './references.ts'

export interface LoadedConfig<Config> {
  config: Config
  /** By variable, to be logged: whatever is secret, or came from the secret manager, is masked. */
  shown: Record<string, unknown>
}

/**
 * Reads a configuration whose values may refer to secrets. Only variables that it declares are looked at. Throws one
 * `invalid_config` that names every variable that is wrong, those whose secret cannot be read included.
 */
export async function loadConfigWithSecrets<T extends z.ZodObject>(
  schema: T,
  variables: Variables,
  now: () => Date,
): Promise<LoadedConfig<z.output<T>>> {
  const { secrets } = loadConfig(z.object({ secrets: secretsConfig }), variables)
  const manager = await openSecretManager(secrets, now)
  const read = await readReferences(declared(schema, variables), manager, secrets)
  const reasons = [...read.problems].map(([variable, { message }]) => [variable, message] as const)
  const config = loadConfig(schema, read.variables, { unreadable: new Map(reasons) })
  return { config, shown: maskedConfig(schema, config, { hidden: read.hidden }) }
}

/** Another program's variables may look like references; they are none of ours. */
function declared(schema: z.ZodObject, variables: Variables): Variables {
  const names = describeConfig(schema).flatMap(({ variable, fallbackVariable = variable }) => [
    variable,
    fallbackVariable,
  ])
  return Object.fromEntries(names.map((name) => [name, variables[name]]))
}
