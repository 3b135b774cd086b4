import { createPasswordHasher, type PasswordHasherOptions } from '../credential/password/index.ts'
import type { Guard } from '../guard.ts'
import type { Directory, ExternalSessions, Store } from '../ports/index.ts'
import { type Settings, SettingsTable } from '../settings.ts'
import type { CodecFactory, TokenCodec } from '../token/codec.ts'
import { randomText } from '../token/secret.ts'
import { Authority } from './authority.ts'
import { AuthorityContext } from './context.ts'
import { prune } from './maintain.ts'

export interface AuthorityOptions {
  /** Where sessions live: `sqlite({ folder })`, `memory()`. */
  readonly store: Store | Promise<Store>
  /** Where actors are found; the store's own directory by default. */
  readonly directory?: Directory
  /** Values instead of the defaults; changes made while it runs go over them. */
  readonly settings?: Partial<Settings>
  readonly guards?: readonly Guard[]
  /** Cost and concurrency of password hashing: argon2id, 19 MiB, 2 passes, as many at once as there are cores. */
  readonly passwords?: PasswordHasherOptions
  /** Token formats beside the native one. */
  readonly codecs?: readonly (TokenCodec | CodecFactory)[]
  /**
   * Sessions whose rows other systems own, such as those of an AdonisJS application. Each belongs to the codec of its `format`, which must be among
   * `codecs`. They are checked, listed and ended here, never created, cached or renewed.
   */
  readonly externalSessions?: readonly ExternalSessions[]
  /** Bounds of what is kept in memory: 1,000,000 sessions and 256 MiB by default, actors as much again. */
  readonly cache?: { readonly maxEntries?: number; readonly maxBytes?: number }
  /** How long the store may take to answer before the answer is `unavailable`: 3,000 ms by default. */
  readonly storeTimeoutMs?: number
  /** How often what is over is removed: every 60,000 ms by default; 0 for never. */
  readonly pruneEveryMs?: number
  /** Told of failures that no caller can be told of. `console.error` by default. */
  readonly onError?: (error: unknown) => void
}

/** Opens a session authority on a store. Close it with `authority.close()`, which closes the store. */
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
  const settings = new SettingsTable(store.documents, store.clock, options.settings ?? {})
  const context = new AuthorityContext({
    store,
    directory: options.directory ?? store.directory,
    settings,
    hasher: createPasswordHasher(options.passwords ?? {}),
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
    onError,
  })
  // Read once the house hears the bus, so that no change falls in between.
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
  return new Authority(context, () => {
    stopped ??= stop()
    return stopped
  })
}

/** A random key that never leaves the store, made at the first start. */
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
