import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import {
  bits,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  setOf,
  tagged,
  text,
  time,
  truth,
} from './der.ts'
import type { Pair } from './pair.ts'

const DAY = 86_400_000
const AUTHORITY_DAYS = 3_650
/** What clients accept at most of any certificate. */
const CERTIFICATE_DAYS = 397
/** Clocks differ. */
const SLACK = DAY

/** What certificates are good for: `localhost`, `127.0.0.1`, `::1`, as names of the kinds DNS and IP address. */
const HOSTS: readonly Buffer[] = [
  implicit(2, Buffer.from('localhost')),
  implicit(7, Buffer.of(127, 0, 0, 1)),
  implicit(7, Buffer.alloc(16).fill(1, 15)),
]
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = oid('2.5.4.3')
const KEY_CERT_SIGN = bits(Buffer.of(0b0000_0100), 2)
const DIGITAL_SIGNATURE = bits(Buffer.of(0b1000_0000), 7)
const SERVER_AUTH = oid('1.3.6.1.5.5.7.3.1')

/** Makes an authority whose certificates are for this machine (RFC 5280, P-256). */
export function makeAuthority(now: number): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // A name of its own: two authorities must not be taken for one another.
  const name = nameOf(`Latchkey development ${randomBytes(4).toString('hex')}`)
  const extensions = [
    extension('2.5.29.19', sequence(truth(), integer(Buffer.of(0))), truth()),
    extension('2.5.29.15', KEY_CERT_SIGN, truth()),
    extension('2.5.29.14', octets(keyId(publicKey))),
  ]
  const days = AUTHORITY_DAYS
  return make({
    now,
    days,
    issuer: name,
    signingKey: privateKey,
    name,
    publicKey,
    privateKey,
    extensions,
  })
}

/** Makes a certificate for this machine, signed by an authority of {@link makeAuthority}. */
export function makeCertificate(authority: Pair, now: number): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { subject, publicKey: issuerKey } = new X509Certificate(authority.cert)
  const extensions = [
    extension('2.5.29.19', sequence(), truth()),
    extension('2.5.29.15', DIGITAL_SIGNATURE, truth()),
    extension('2.5.29.37', sequence(SERVER_AUTH)),
    extension('2.5.29.17', sequence(...HOSTS)),
    extension('2.5.29.14', octets(keyId(publicKey))),
    extension('2.5.29.35', sequence(implicit(0, keyId(issuerKey)))),
  ]
  return make({
    now,
    days: CERTIFICATE_DAYS,
    issuer: nameOf(subject.replace(/^CN=/, '')),
    signingKey: createPrivateKey(authority.key),
    name: nameOf('localhost'),
    publicKey,
    privateKey,
    extensions,
  })
}

interface Contents {
  readonly now: number
  readonly days: number
  readonly issuer: Buffer
  readonly signingKey: KeyObject
  readonly name: Buffer
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly extensions: readonly Buffer[]
}

function make({
  now,
  days,
  issuer,
  signingKey,
  name,
  publicKey,
  privateKey,
  extensions,
}: Contents): Pair {
  const serial = randomBytes(16)
  // Positive, and without a zero before it.
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0)
  const from = now - SLACK
  const content = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_SHA256,
    issuer,
    sequence(time(from), time(from + days * DAY)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    tagged(3, sequence(...extensions)),
  )
  const whole = sequence(content, ECDSA_SHA256, bits(sign('sha256', content, signingKey)))
  return {
    cert: new X509Certificate(whole).toString(),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

function nameOf(commonName: string): Buffer {
  return sequence(setOf(sequence(COMMON_NAME, text(commonName))))
}

function extension(id: string, value: Buffer, ...critical: readonly Buffer[]): Buffer {
  return sequence(oid(id), ...critical, octets(value))
}

function keyId(key: KeyObject): Buffer {
  const spki = key.export({ format: 'der', type: 'spki' })
  return createHash('sha256').update(spki).digest().subarray(0, 20)
}
