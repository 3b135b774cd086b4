export {
  type BrowserActor,
  type BrowserSession,
  type CurrentSession,
  LatchkeyClientError,
  type ListedSession,
} from './answers.ts'
export { type BrowserClient, createBrowserClient, type SessionChange } from './browser-client.ts'
export type { BrowserClientOptions, TokenStorage } from './transport.ts'
