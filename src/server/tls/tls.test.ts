import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { until } from '../../../test/support/until.ts'
import { LatchkeyError } from '../../core/index.ts'
import { resolveConfig } from '../config.ts'
import { WRONG_CONFIGURATION } from '../configuration-error.ts'
import { openLog } from '../log.ts'
import { openDevelopmentTls } from './development.ts'
import { openTlsFiles } from './files.ts'
import { openTls } from './index.ts'
import { makeAuthority, makeCertificate } from './self-made.ts'

const NOW = Date.UTC(2026, 0, 1)
const DAY = 86_400_000
const silent = openLog({ level: 'silent' })

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('a certificate for development', () => {
  test('is issued by its own authority for this machine, for a limited time', async () => {
    const authority = await makeAuthority(NOW)
    const ca = new X509Certificate(authority.cert)
    const cert = new X509Certificate((await makeCertificate(authority, NOW)).cert)
    assert.equal(ca.ca, true)
    assert.equal(cert.ca, false)
    assert.equal(cert.checkIssued(ca), true)
    assert.equal(cert.verify(ca.publicKey), true)
    assert.equal(
      cert.subjectAltName,
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    )
    assert.equal(cert.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    assert.equal(cert.validFromDate.getTime(), NOW - DAY)
    assert.equal(cert.validToDate.getTime(), NOW + 396 * DAY)
    assert.notEqual((await makeCertificate(authority, NOW)).cert, cert.toString())
  })

  test('is kept, and only the owner can read its keys', async (t) => {
    const folder = join(folderOf(t), 'tls')
    const first = await openDevelopmentTls({ folder, now: NOW })
    const again = await openDevelopmentTls({ folder, now: NOW + DAY })
    assert.deepEqual([again.cert, again.key, again.ca], [first.cert, first.key, first.ca])
    assert.equal(readFileSync(join(folder, 'ca.pem'), 'utf8'), first.ca)
    const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777
    assert.deepEqual(['', 'key.pem', 'ca-key.pem'].map(modeOf), [0o700, 0o600, 0o600])
  })

  test('is renewed before it expires, by the same authority', async (t) => {
    const folder = folderOf(t)
    const first = await openDevelopmentTls({ folder, now: NOW })
    const same = await openDevelopmentTls({ folder, now: NOW + 365 * DAY })
    assert.equal(same.cert, first.cert)
    const next = await openDevelopmentTls({ folder, now: NOW + 367 * DAY })
    assert.notEqual(next.cert, first.cert)
    assert.equal(next.ca, first.ca)
    const last = await openDevelopmentTls({ folder, now: NOW + 3_640 * DAY })
    assert.notEqual(last.ca, first.ca)
  })

  test('is replaced where the files are broken, or of another authority', async (t) => {
    const folder = folderOf(t)
    const first = await openDevelopmentTls({ folder, now: NOW })
    writeFileSync(join(folder, 'key.pem'), 'broken')
    const second = await openDevelopmentTls({ folder, now: NOW })
    assert.equal(second.ca, first.ca)
    assert.notEqual(second.cert, first.cert)
    writeFileSync(join(folder, 'ca-key.pem'), (await makeAuthority(NOW)).key)
    const third = await openDevelopmentTls({ folder, now: NOW })
    assert.notEqual(third.ca, first.ca)
    const [cert, ca] = [new X509Certificate(third.cert), new X509Certificate(third.ca ?? '')]
    assert.equal(cert.verify(ca.publicKey), true)
  })
})

const authority = await makeAuthority(NOW)
const one = await makeCertificate(authority, NOW)
const two = await makeCertificate(authority, NOW)

describe('certificates in files', () => {
  function files(t: TestContext) {
    const folder = folderOf(t)
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const put = (pair: { cert: string; key: string }) => {
      writeFileSync(cert, pair.cert)
      writeFileSync(key, pair.key)
    }
    const problems: string[] = []
    put(one)
    const open = () => {
      const onProblem = (message: string) => problems.push(message)
      const material = openTlsFiles({ cert, key, pollMs: 5, onProblem })
      t.after(() => material.close())
      return material
    }
    return { cert, key, put, open, problems }
  }

  test('changed files are used together while the server runs; broken ones are reported once and ignored', async (t) => {
    const { cert, key, put, open, problems } = files(t)
    const material = open()
    const changed: string[] = []
    const stop = material.onChange(() => changed.push(material.cert))
    writeFileSync(cert, two.cert)
    await until(() => problems.length === 1)
    assert.deepEqual([material.cert, material.key], [one.cert, one.key])
    assert.deepEqual(problems, [
      'The certificate in use stays: the key does not belong to the certificate.',
    ])
    writeFileSync(key, two.key)
    await until(() => changed.length === 1)
    assert.deepEqual([material.cert, material.key, changed], [two.cert, two.key, [two.cert]])
    rmSync(key)
    await until(() => problems.length === 2)
    assert.match(problems[1] ?? '', /there is no file .*key\.pem\.$/)
    stop()
    put(one)
    await until(() => material.cert === one.cert)
    assert.equal(changed.length, 1)
  })

  test('unusable files at the start are a wrong configuration, and the message does not contain the key', (t) => {
    const { cert, key, open } = files(t)
    const cases: readonly [() => void, RegExp][] = [
      [() => writeFileSync(cert, 'x'), /: the certificate is not a PEM certificate\.$/],
      [() => writeFileSync(cert, two.cert), /: the key does not belong to the certificate\.$/],
      [
        () => writeFileSync(key, 'secret'),
        /: the key is not a PEM private key without a passphrase\.$/,
      ],
      [() => rmSync(cert), /: there is no file .*cert\.pem\.$/],
      [() => mkdirSync(cert), /cannot be read \(EISDIR\)\.$/],
    ]
    for (const [spoil, says] of cases) {
      spoil()
      assert.throws(open, (error) => {
        assert.ok(error instanceof LatchkeyError)
        assert.equal(error.details.reason, WRONG_CONFIGURATION)
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    }
  })

  test('given files replace what development makes; without either there is no certificate', async (t) => {
    const { cert, key } = files(t)
    const data = join(folderOf(t), 'data')
    const dev = { dev: true, store: 'memory', data } as const
    const named = await openTls(resolveConfig({ ...dev, tlsCert: cert, tlsKey: key }), silent)
    t.after(() => named?.close())
    assert.equal(named?.cert, one.cert)
    assert.equal(await openTls(resolveConfig({ data }), silent), null)
    assert.notEqual((await openTls(resolveConfig(dev), silent))?.ca, null)
    assert.equal(existsSync(data), false)
    await openTls(resolveConfig({ dev: true, data }), silent)
    assert.equal(existsSync(join(data, 'tls', 'ca.pem')), true)
  })
})
