import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsMaterial } from './material.ts'
import { type Pair, requirePair } from './pair.ts'
import { makeAuthority, makeCertificate } from './self-made.ts'

/** Options of `openDevelopmentTls`. */
export interface DevelopmentTlsOptions {
  /** The folder of `ca.pem`, `ca-key.pem`, `cert.pem` and `key.pem`; null to write no file. */
  readonly folder: string | null
  /** Epoch milliseconds. */
  readonly now: number
}

/** A certificate that expires sooner is replaced when the server starts. */
const RENEW_BEFORE_MS = 30 * 86_400_000

/**
 * Opens a certificate for `localhost`, `127.0.0.1` and `::1`, issued by a certificate authority of the folder. Makes both where they are missing,
 * unreadable or about to expire. The authority's key is kept, so that clients that trust `ca.pem` also trust a renewed certificate.
 * Only the owner of the files can read the keys.
 */
export async function openDevelopmentTls(options: DevelopmentTlsOptions): Promise<TlsMaterial> {
  const { folder, now } = options
  const keptAuthority = find(folder, 'ca.pem', 'ca-key.pem', now)
  const authority = keptAuthority ?? (await makeAuthority(now))
  const kept = keptAuthority === null ? null : find(folder, 'cert.pem', 'key.pem', now, authority)
  const pair = kept ?? (await makeCertificate(authority, now))
  if (folder !== null) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (keptAuthority === null) {
      write(join(folder, 'ca-key.pem'), authority.key, 0o600)
      write(join(folder, 'ca.pem'), authority.cert, 0o644)
    }
    if (kept === null) {
      write(join(folder, 'key.pem'), pair.key, 0o600)
      write(join(folder, 'cert.pem'), pair.cert, 0o644)
    }
  }
  return {
    ...pair,
    ca: authority.cert,
    caFile: folder === null ? null : join(folder, 'ca.pem'),
    onChange: () => () => undefined,
    close: () => undefined,
  }
}

/** Reads a pair that is consistent, signed by `issuer` (itself by default) and not about to expire, or null. */
function find(
  folder: string | null,
  certFile: string,
  keyFile: string,
  now: number,
  issuer?: Pair,
): Pair | null {
  if (folder === null) return null
  try {
    const cert = readFileSync(join(folder, certFile), 'utf8')
    const key = readFileSync(join(folder, keyFile), 'utf8')
    const pair = { cert, key }
    requirePair(pair)
    const certificate = new X509Certificate(cert)
    const signer = new X509Certificate(issuer?.cert ?? cert)
    const lasts = certificate.validToDate.getTime() - now > RENEW_BEFORE_MS
    return lasts && certificate.verify(signer.publicKey) ? pair : null
  } catch {
    return null
  }
}

/** Replaces a file at once: a crash leaves the old file or the new one. */
function write(path: string, text: string, mode: number): void {
  const fresh = `${path}.new`
  writeFileSync(fresh, text, { mode, flush: true })
  renameSync(fresh, path)
}
