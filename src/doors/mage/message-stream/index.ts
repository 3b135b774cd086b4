export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './limits.ts'
export {
  createMessageStream,
  type MessageStream,
  type MessageStreamOptions,
  refuseUpgrade,
} from './message-stream.ts'
