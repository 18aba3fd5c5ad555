import { start } from '@ens/server/start'
import { config } from './config.ts'

await start(config, () => import('./app.ts'), { takesOverTraces: true })
