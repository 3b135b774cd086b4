import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { configurationError } from '../configuration-error.ts'
import type { TlsMaterial } from './material.ts'
import { type Pair, requirePair } from './pair.ts'

export interface TlsFilesOptions {
  /** Paths of PEM files. */
  readonly cert: string
  readonly key: string
  /** How often they are looked at: every 5,000 ms by default. */
  readonly pollMs?: number
  /** Told why new files are not used; what was there before goes on. */
  readonly onProblem: (message: string) => void
  readonly onReload?: () => void
}

/**
 * Serves with the certificate and the key of two files, and with what replaces them, for new connections. Throws an error of
 * `configurationError` where they cannot be used at the start; later, broken ones are told of once and change nothing.
 */
export function openTlsFiles(options: TlsFilesOptions): TlsMaterial {
  const { onProblem, onReload } = options
  let current = readNow(options)
  let seen = current
  const listeners = new Set<() => void>()

  // By content: a file may be replaced within one tick of its file system's clock.
  const look = async (): Promise<void> => {
    const [cert, key] = await Promise.all([
      readFile(options.cert, 'utf8'),
      readFile(options.key, 'utf8'),
    ])
    if (cert === seen.cert && key === seen.key) return
    seen = { cert, key }
    if (cert === current.cert && key === current.key) return
    requirePair(seen)
    current = seen
    for (const listener of listeners) listener()
    onReload?.()
  }
  let told = ''
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .then(() => {
        if (seen === current) told = ''
      })
      .catch((error: unknown) => {
        const why = reasonOf(error)
        if (why !== told) onProblem(`The certificate stays as it was: ${why}.`)
        told = why
      })
      .finally(() => {
        looking = false
      })
  }, options.pollMs ?? 5_000).unref()

  return {
    get cert() {
      return current.cert
    },
    get key() {
      return current.key
    },
    ca: null,
    caFile: null,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => clearInterval(timer),
  }
}

function readNow({ cert, key }: TlsFilesOptions): Pair {
  try {
    const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    requirePair(pair)
    return pair
  } catch (error) {
    throw configurationError(`--tls-cert ${cert}, --tls-key ${key}: ${reasonOf(error)}.`, error)
  }
}

function reasonOf(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `there is no file ${path}`
  return code === undefined ? message : `${path ?? 'a file'} cannot be read (${code})`
}
