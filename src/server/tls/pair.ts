import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** A certificate and its key in PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** Throws an error that says why a certificate and a key cannot be used. The message never contains the key. */
export function requirePair({ cert, key }: Pair): void {
  const certificate = attempt(
    'the certificate is not a PEM certificate',
    () => new X509Certificate(cert),
  )
  const secret = attempt('the key is not a PEM private key without a passphrase', () =>
    createPrivateKey(key),
  )
  if (!certificate.checkPrivateKey(secret))
    throw new Error('the key does not belong to the certificate')
  attempt('certificate and key cannot be used', () => createSecureContext({ cert, key }))
}

function attempt<T>(problem: string, act: () => T): T {
  try {
    return act()
  } catch {
    throw new Error(problem)
  }
}
