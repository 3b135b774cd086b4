import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { clearInterval, setInterval } from 'node:timers'
import { configurationError } from '../configuration-error.ts'
import type { TlsMaterial } from './material.ts'
import { type Pair, requirePair } from './pair.ts'

/** Options of `openTlsFiles`. */
export interface TlsFilesOptions {
  /** A PEM file: the certificate with its chain. */
  readonly cert: string
  /** A PEM file: the key. */
  readonly key: string
  /** How often the files are read: every 5,000 ms by default. */
  readonly pollMs?: number
  /** Called with the reason why changed files are not used. The certificate in use stays. */
  readonly onProblem: (message: string) => void
  readonly onReload?: () => void
}

/**
 * Opens the certificate and the key of two files, and follows their changes. Throws an error of `configurationError` for files that cannot be
 * used. A later change that cannot be used is reported once and ignored.
 */
export function openTlsFiles(options: TlsFilesOptions): TlsMaterial {
  const { onProblem, onReload } = options
  let current = readNow(options)
  let seen = current
  const listeners = new Set<() => void>()

  // Compares contents, because a file may change twice within one tick of the file system's clock.
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
  let reported = ''
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .then(() => {
        if (seen === current) reported = ''
      })
      .catch((error: unknown) => {
        const why = reasonOf(error)
        if (why !== reported) onProblem(`The certificate in use stays: ${why}.`)
        reported = why
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
