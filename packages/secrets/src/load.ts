import { describeConfig, loadConfig, maskedConfig, type Variables } from '@ens/config'
import { z } from 'zod'
import { secretsConfig } from './config.ts'
import { type OpenOptions, openSecretManager } from './open.ts'
import { readReferences, refersToSecret, resolveValue } from './references.ts'
import type { CallOptions } from './secret-manager.ts'

export interface LoadedConfig<Config> {
  config: Config
  /** By variable, to be logged: whatever is secret, or came from the secret manager, is masked. */
  shown: Record<string, unknown>
}

/**
 * Reads a configuration whose values may refer to secrets. Only variables that it declares are looked at. Throws one
 * `invalid_config` that names every variable that is wrong, those whose secret cannot be read included. A setting that may
 * change while the process runs (`live`) and refers to a secret arrives as a function that gives the current value.
 */
export async function loadConfigWithSecrets<T extends z.ZodObject>(
  schema: T,
  variables: Variables,
  now: () => Date,
  options: OpenOptions = {},
): Promise<LoadedConfig<z.output<T>>> {
  const { secrets } = loadConfig(z.object({ secrets: secretsConfig }), variables)
  const manager = await openSecretManager(secrets, now, options)
  const given = declared(schema, variables)
  const read = await readReferences(given, manager, secrets)
  const reasons = [...read.problems].map(([variable, { message }]) => [variable, message] as const)
  const live = new Map(
    liveReferences(schema, given).map(([variable, value]) => [
      variable,
      (call: CallOptions = {}) => resolveValue(variable, value, manager, { ...secrets, call }),
    ]),
  )
  const config = loadConfig(schema, read.variables, { unreadable: new Map(reasons), live })
  return { config, shown: maskedConfig(schema, config, { hidden: read.hidden }) }
}

function liveReferences(schema: z.ZodType, variables: Variables): [string, string][] {
  return describeConfig(schema).flatMap(({ variable, live }) => {
    const value = variables[variable]
    return live && value && refersToSecret(value) ? [[variable, value]] : []
  })
}

/** Another program's variables may look like references; they are none of ours. */
function declared(schema: z.ZodObject, variables: Variables): Variables {
  const names = describeConfig(schema).flatMap(({ variable, fallbackVariable = variable }) => [
    variable,
    fallbackVariable,
  ])
  return Object.fromEntries(names.map((name) => [name, variables[name]]))
}
