import { env, text } from '@ens/config'
import { observabilityConfig } from '@ens/observability'
import { z } from 'zod'
import { serverConfig } from '../config.ts'

/** The settings of a service that only tests run. */
export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  password: env('EXAMPLE_PASSWORD', text(), 'A secret.', { secret: true }),
})
