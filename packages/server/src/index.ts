export { type App, type AppOptions, createApp } from './app.ts'
export { type LimitsConfig, limitsConfig, type ServerConfig, serverConfig } from './config.ts'
export {
  asAppError,
  errorHandler,
  logError,
  RETRY_AFTER_SECONDS,
  statusOf,
} from './error-handler.ts'
export * from './errors.ts'
export { type Guard, guardRoutes, type Refusals } from './guard.ts'
export {
  type Exclusive,
  type JobOptions,
  mountJob,
  mountStatus,
  type RunExclusively,
} from './job.ts'
export type { ServiceContext, ServiceModule } from './start.ts'
