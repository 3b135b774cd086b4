import nodeFs from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../session/file-lock.ts'
import { createTokenFile, type SessionLogger } from '../session/token-file.ts'
import type { AngenToken } from './messages.ts'

/** A pair of codes, with the time at which it was received. */
export interface StoredToken extends AngenToken {
  /** Epoch milliseconds by the clock of this machine. */
  readonly obtained_at: number
}

/** Stores the pair of codes of a client between runs. */
export interface AngenTokenStore {
  /** Returns the stored pair, or null if there is none. */
  load(): Promise<StoredToken | null>
  /** Replaces the stored pair; null removes it. It must be durable when it resolves, because the previous pair is no longer valid. */
  save(token: StoredToken | null): Promise<void>
  /**
   * Runs `work` while no other client of the same store runs any, so that many processes renew once. Absent: the store belongs to one
   * client.
   */
  exclusively?<T>(work: () => Promise<T>): Promise<T>
}

export interface TokenFolderOptions {
  readonly folder: string
  readonly logger: SessionLogger
  /** How long to wait while another process renews. */
  readonly lockTimeoutMs: number
}

/** Stores the pair in the file `token` of a folder, readable only by its owner, for any number of processes. */
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

/** Returns the stored pair of a text, or null for any other text. */
export function storedToken(value: Readonly<Record<string, unknown>>): StoredToken | null {
  const { user_id, identifier_code, renewal_code, expires_at, obtained_at } = value
  const texts = { user_id, identifier_code, renewal_code, expires_at }
  if (!Object.values(texts).every((text) => typeof text === 'string')) return null
  if (typeof obtained_at !== 'number') return null
  return { ...texts, obtained_at } as StoredToken
}
