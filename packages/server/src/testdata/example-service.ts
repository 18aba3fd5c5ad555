import { start } from '../start.ts'
import { config } from './example-config.ts'

await start(config, () => import('./example-app.ts'))
