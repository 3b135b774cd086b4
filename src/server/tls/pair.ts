import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** A certificate and its key in PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** Throws, saying what is wrong, unless a certificate and a key can be served with. Never tells what is in the key. */
export function requirePair({ cert, key }: Pair): void {
  const certificate = attempt(
    'the certificate is no PEM certificate',
    () => new X509Certificate(cert),
  )
  const secret = attempt('the key is no PEM private key without a passphrase', () =>
    createPrivateKey(key),
  )
  if (!certificate.checkPrivateKey(secret)) throw new Error('the key is not of the certificate')
  attempt('certificate and key cannot be used', () => createSecureContext({ cert, key }))
}

function attempt<T>(problem: string, act: () => T): T {
  try {
    return act()
  } catch {
    throw new Error(problem)
  }
}
