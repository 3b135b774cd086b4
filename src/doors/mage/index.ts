export { DEFAULT_STREAM, type StreamConfig } from './application/client-config.ts'
export type { MageLog, MageLogEntry, MageLogLevel } from './application/logger.ts'
export { mageSettings } from './application/time-code.ts'
export { createMageDoor, type MageDoor } from './door.ts'
export type { MageDoorOptions } from './door-options.ts'
export { MAGE_FORMAT, mageCodec } from './key-codec.ts'
export {
  createMessageStream,
  type MessageStream,
  type MessageStreamOptions,
} from './message-stream/index.ts'
export type { CorsOptions } from './wire/cors.ts'
export type { MageLimits } from './wire/limits.ts'
