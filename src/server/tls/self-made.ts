import { createPrivateKey, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { X509CertificateCreateParams } from '@peculiar/x509'
import type { Pair } from './pair.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000
const AUTHORITY_DAYS = 3_650
/** The longest validity that clients accept. */
const CERTIFICATE_DAYS = 397
/** How far a client's clock may be behind. */
const SLACK = DAY

/** The names in a certificate. */
const HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1']

// Loaded here, because only a self-made certificate needs it. It reads metadata while it is loaded.
async function loadX509() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** Makes a certificate authority. */
export async function makeAuthority(now: number): Promise<Pair> {
  const x509 = await loadX509()
  const keys = await makeKeys()
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(now, AUTHORITY_DAYS),
    // Makes the names of two authorities different.
    name: `CN=Latchkey development ${randomBytes(4).toString('hex')}`,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(authority.toString('pem')), key: await exportKey(keys.privateKey) }
}

/** Makes a certificate for this machine, issued by an authority. */
export async function makeCertificate(authority: Pair, now: number): Promise<Pair> {
  const x509 = await loadX509()
  const issuer = new x509.X509Certificate(authority.cert)
  const keys = await makeKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(now, CERTIFICATE_DAYS),
    subject: 'CN=localhost',
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        HOSTS.map((value) => ({
          type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
          value,
        })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { cert: pemOf(certificate.toString('pem')), key: await exportKey(keys.privateKey) }
}

function common(now: number, days: number) {
  const serial = randomBytes(16)
  // A positive number whose first byte DER does not drop.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return {
    serialNumber: serial.toString('hex'),
    notBefore: new Date(now - SLACK),
    notAfter: new Date(now - SLACK + days * DAY),
    signingAlgorithm: ALGORITHM,
  } satisfies Partial<X509CertificateCreateParams>
}

function makeKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key))
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return secret.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function importKey(pem: string) {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign'])
}

function pemOf(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
