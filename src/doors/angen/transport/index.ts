export { AngenHub, type HubOptions } from './hub.ts'
export { type AngenLimits, DEFAULT_ANGEN_LIMITS } from './limits.ts'
export {
  type AngenListener,
  type AngenListenerOptions,
  createAngenListener,
  type TlsSource,
} from './listener.ts'
export {
  type AngenSocketServer,
  type AngenSocketServerOptions,
  createAngenSocketServer,
} from './socket-server.ts'
