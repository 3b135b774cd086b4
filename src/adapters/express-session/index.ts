export { createSessionStore } from './create-session-store.ts'
export type {
  Callback,
  ListedSession,
  RequestSessionStore,
  SessionCookie,
  SessionRequest,
  StoredSession,
} from './request-session-store.ts'
export type { SessionOwner, SessionStoreOptions } from './request-sessions.ts'
