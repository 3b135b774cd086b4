import { clearInterval, setInterval } from 'node:timers'
import { createPasswordHasher, type PasswordHasherOptions } from '../credential/password/index.ts'
import type { Guard } from '../guard.ts'
import type { Directory, ExternalSessions, Store } from '../ports/index.ts'
import { type Settings, SettingsTable } from '../settings.ts'
import type { CodecFactory, TokenCodec } from '../token/codec.ts'
import { randomText } from '../token/secret.ts'
import { Authority } from './authority.ts'
import type { ConfiguredClient } from './clients/client.ts'
import { readConfigured } from './clients/client-registry.ts'
import { AuthorityContext } from './context.ts'
import { prune } from './maintain.ts'
import type { AuthorityObserver } from './observer.ts'

/** Options of `createAuthority`. */
export interface AuthorityOptions {
  /** The store of sessions: `sqlite({ folder })`, `memory()`. */
  readonly store: Store | Promise<Store>
  /** The directory of actors; the store's own directory by default. */
  readonly directory?: Directory
  /** Values instead of the defaults. Changes made at run time take precedence. */
  readonly settings?: Partial<Settings>
  /** Functions that may refuse a login, called in this order. None by default. */
  readonly guards?: readonly Guard[]
  /**
   * Cost and concurrency of password hashing: argon2id, 19 MiB, 2 passes, one per processor core by
   * default.
   */
  readonly passwords?: PasswordHasherOptions
  /** Token formats in addition to the native one. */
  readonly codecs?: readonly (TokenCodec | CodecFactory)[]
  /**
   * Sessions whose rows other systems own, such as those of an AdonisJS application. Each belongs to the codec of its `format`, which must be among
   * `codecs`. They are checked, listed and ended here, never created, cached or renewed.
   */
  readonly externalSessions?: readonly ExternalSessions[]
  /** Clients of the OAuth endpoints, beside those that a command registers. None by default. */
  readonly clients?: readonly ConfiguredClient[]
  /** Bounds of what is kept in memory: 1,000,000 sessions and 256 MiB by default, actors as much again. */
  readonly cache?: { readonly maxEntries?: number; readonly maxBytes?: number }
  /** The deadline of the store, after which the answer is `unavailable`: 3,000 ms by default. */
  readonly storeTimeoutMs?: number
  /** The interval of pruning: 60,000 ms by default; 0 disables it. */
  readonly pruneEveryMs?: number
  /** Called with errors that no caller receives. `console.error` by default. */
  readonly onError?: (error: unknown) => void
  /** Receives acts and durations, for metrics. None by default. */
  readonly observer?: AuthorityObserver
}

/** Opens a session authority on a store. `authority.close()` also closes the store. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const store = await options.store
  const now = store.clock.now()
  try {
    return await open(store, options, now)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function open(store: Store, options: AuthorityOptions, now: number): Promise<Authority> {
  const onError = options.onError ?? ((error: unknown) => console.error('latchkey:', error))
  const clients = readConfigured(options.clients ?? [])
  const settings = new SettingsTable(store.documents, store.clock, options.settings ?? {})
  const context = new AuthorityContext({
    store,
    directory: options.directory ?? store.directory,
    settings,
    hasher: createPasswordHasher({ ...hashed(options.observer), ...options.passwords }),
    guards: options.guards ?? [],
    codecs: await Promise.all(
      (options.codecs ?? []).map((codec) => (typeof codec === 'function' ? codec(store) : codec)),
    ),
    external: options.externalSessions ?? [],
    auditKey: await findKey(store, 'audit-key', now),
    installationKey: await findKey(store, 'installation-key', now),
    cache: {
      maxEntries: options.cache?.maxEntries ?? 1_000_000,
      maxBytes: options.cache?.maxBytes ?? 256 * 1024 * 1024,
    },
    storeTimeoutMs: options.storeTimeoutMs ?? 3000,
    observer: options.observer ?? {},
    onError,
  })
  // Loaded after the subscription to the bus, so that no change is missed in between.
  await settings.load()
  const stopPruning = startPruning(context, options.pruneEveryMs ?? 60_000)
  const stop = async () => {
    try {
      await stopPruning()
      await context.close()
    } finally {
      await store.close()
    }
  }
  let stopped: Promise<void> | null = null
  return new Authority(
    context,
    () => {
      stopped ??= stop()
      return stopped
    },
    clients,
  )
}

function hashed(observer: AuthorityObserver | undefined): Pick<PasswordHasherOptions, 'onHashed'> {
  return observer?.hashed === undefined ? {} : { onHashed: (ms) => observer.hashed?.(ms) }
}

/** Returns a random key that never leaves the store, created at the first start. */
async function findKey(store: Store, name: string, now: number): Promise<string> {
  for (;;) {
    const found = await store.documents.find(name, now)
    if (found !== null) return found.value
    const key = randomText(43)
    if ((await store.documents.save(name, key, { now, expectedVersion: 0 })) !== null) return key
  }
}

function startPruning(context: AuthorityContext, everyMs: number): () => Promise<void> {
  const stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const run = () => {
    if (busy) return
    busy = true
    running = prune(context, { signal: stopping.signal })
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) context.onError(error)
      })
      .finally(() => {
        busy = false
      })
  }
  const timer = everyMs === 0 ? null : setInterval(run, everyMs)
  timer?.unref()
  return async () => {
    if (timer !== null) clearInterval(timer)
    stopping.abort()
    await running
  }
}
