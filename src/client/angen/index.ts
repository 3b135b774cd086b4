export type { AngenClient, AngenClientOptions } from './angen-client.ts'
export { connectAngen } from './connect-angen.ts'
export { AngenRefusal } from './errors.ts'
export type { AskOptions, LineLimits } from './line.ts'
export type {
  AngenClientState,
  AngenCommands,
  AngenPushes,
  AngenSession,
  AngenToken,
  AngenUser,
} from './messages.ts'
export type { AngenAddress, AngenTls } from './open-socket.ts'
export type { AngenCredentials } from './token-keeper.ts'
export type { AngenTokenStore, StoredToken } from './token-store.ts'
