import nodeFs from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../session/file-lock.ts'
import { createTokenFile, type SessionLogger } from '../session/token-file.ts'
import type { AngenToken } from './messages.ts'

/** A pair of codes, and when it came. */
export interface StoredToken extends AngenToken {
  /** Milliseconds, by the clock of this machine. */
  readonly obtained_at: number
}

/** Where a client keeps its pair of codes between runs. */
export interface AngenTokenStore {
  /** Returns the stored pair, or null if there is none. */
  load(): Promise<StoredToken | null>
  /** Replaces what is kept; null forgets it. Must be durable when it resolves: the pair before is worthless by then. */
  save(token: StoredToken | null): Promise<void>
  /**
   * Does work while no other client of the same store does any: what lets many processes renew once. Absent: the store belongs to
   * one client.
   */
  exclusively?<T>(work: () => Promise<T>): Promise<T>
}

export interface TokenFolderOptions {
  readonly folder: string
  readonly logger: SessionLogger
  /** How long to wait while another process renews. */
  readonly lockTimeoutMs: number
}

/** Keeps the pair in the session file `token` of a folder, for its owner's eyes only, shared by any number of processes. */
export function createTokenFolder(options: TokenFolderOptions): AngenTokenStore {
  const { folder, lockTimeoutMs } = options
  const file = createTokenFile({ ...options, fs: nodeFs })
  return {
    async load() {
      const text = await file.read()
      return text === undefined ? null : readToken(text)
    },
    async save(token) {
      if (token === null) await file.clear()
      else await file.write(JSON.stringify(token))
    },
    async exclusively(work) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return await withFileLock(join(folder, 'renewal.lock'), lockTimeoutMs, work)
    },
  }
}

function readToken(text: string): StoredToken | null {
  try {
    return storedToken(JSON.parse(text))
  } catch {
    return null
  }
}

/** A pair as it is kept, or null for what is none. */
export function storedToken(value: Readonly<Record<string, unknown>>): StoredToken | null {
  const { user_id, identifier_code, renewal_code, expires_at, obtained_at } = value
  const texts = { user_id, identifier_code, renewal_code, expires_at }
  if (!Object.values(texts).every((text) => typeof text === 'string')) return null
  if (typeof obtained_at !== 'number') return null
  return { ...texts, obtained_at } as StoredToken
}
