import { execFileSync } from 'node:child_process'

/** A new certificate for `localhost` and 127.0.0.1, which is its own authority, and its key. */
export function createCertificate(): { readonly cert: string; readonly key: string } {
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost'
  const names = [
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    '-',
    '-out',
    '-',
  ]
  const pem = execFileSync('openssl', [...args.split(' '), ...names], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const at = pem.indexOf('-----BEGIN CERTIFICATE')
  return { cert: pem.slice(at), key: pem.slice(0, at) }
}

/** Such a certificate, which can be replaced while a server runs. */
export function createTls() {
  let pair = createCertificate()
  const listeners = new Set<() => void>()
  return {
    get cert() {
      return pair.cert
    },
    get key() {
      return pair.key
    },
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    replace(next: typeof pair) {
      pair = next
      for (const listener of listeners) listener()
    },
  }
}
