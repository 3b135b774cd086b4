import type { PasswordHasher } from '../credential/password/index.ts'
import type { Guard } from '../guard.ts'
import type { Directory, ExternalSessions, Store } from '../ports/index.ts'
import type { SettingsTable } from '../settings.ts'
import type { TokenCodec } from '../token/codec.ts'
import type { AuthorityObserver } from './observer.ts'

/** What `createAuthority` makes a context of. */
export interface AuthorityContextOptions {
  readonly store: Store
  readonly directory: Directory
  readonly settings: SettingsTable
  readonly hasher: PasswordHasher
  readonly guards: readonly Guard[]
  readonly codecs: readonly TokenCodec[]
  readonly external: readonly ExternalSessions[]
  readonly auditKey: string
  readonly installationKey: string
  readonly cache: { readonly maxEntries: number; readonly maxBytes: number }
  readonly storeTimeoutMs: number
  readonly observer: AuthorityObserver
  readonly onError: (error: unknown) => void
}
