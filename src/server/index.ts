export type { BusNode } from '../stores/postgres/index.ts'
export { WRONG_CONFIGURATION } from './configuration-error.ts'
export {
  type CloseOptions,
  type CreateServerOptions,
  createServer,
  type RunningServer,
} from './create-server.ts'
export type { Door } from './door.ts'
export { type ConfigSources, type LoadedConfig, loadConfig } from './load-config.ts'
export { type Log, type Logger, type LogMethod, type LogOptions, openLog } from './log.ts'
export type { DurabilityLevel, DurabilityWatch } from './open-store.ts'
export { defineConfig, type LogLevel, type ServerConfig } from './server-config.ts'
