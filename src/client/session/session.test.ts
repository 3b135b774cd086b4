import assert from 'node:assert/strict'
import { existsSync, mkdirSync, promises, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { clientFolder } from '../../../test/support/client/folder.ts'
import { ErrorSessionTokenInvalid } from '../errors.ts'
import { Session } from './session.ts'

describe('the states of a session', () => {
  test('it begins with no token, and writes nothing', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({})
    assert.equal(session.token, '')
    assert.equal(await session.readToken(), undefined)
    assert.deepEqual(await session.createCallCredentials(), {})
    assert.equal(existsSync(session.clientPath), false)
  })

  test('it begins with the token given, which the file holds and nothing else', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'abc.def.ghi' })
    assert.equal(session.token, 'abc.def.ghi')
    assert.equal(session.sessionFile, `${session.clientPath}/token`)
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'abc.def.ghi')
    await session.stop()
    assert.equal(session.token, '')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'abc.def.ghi')
  })

  test('it begins with the token of the file, trimmed, valid or not', async (t) => {
    const clientPath = clientFolder(t)
    mkdirSync(clientPath)
    writeFileSync(`${clientPath}/token`, '  not a jwt'.replaceAll(' a ', '-').concat('\r\n'))
    const session = new Session({ clientPath })
    await session.start()
    assert.equal(session.token, 'not-jwt')
  })

  for (const [what, text] of [
    ['is empty', ''],
    ['is blank', ' \n'],
    ['has two lines', 'one\ntwo\n'],
    ['has a control character', 'a\0b'],
    ['is no ASCII', 'ключ'],
    ['is too long', 'x'.repeat(4097)],
  ] as const) {
    test(`a file that ${what} is no token`, async (t) => {
      const clientPath = clientFolder(t)
      mkdirSync(clientPath)
      writeFileSync(`${clientPath}/token`, text)
      const session = new Session({ clientPath })
      await session.start({})
      assert.equal(session.token, '')
      await assert.rejects(session.start({ token: text }), ErrorSessionTokenInvalid)
    })
  }

  test('a running session takes a new token by start, and by refresh', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({})
    await session.start({ token: 'first' })
    await session.refresh('second')
    assert.equal(session.token, 'second')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'second')
    await session.writeToken('third')
    assert.equal(session.token, 'third')
    assert.equal(await session.readToken(), 'third')
  })

  test('what another process wrote counts', async (t) => {
    const clientPath = clientFolder(t)
    const [one, other] = [new Session({ clientPath }), new Session({ clientPath })]
    await one.start({ token: 'first' })
    await other.start({ token: 'newer' })
    assert.equal(await one.readToken(), 'newer')
    assert.equal(one.token, 'newer')
  })

  test('destroy removes the file, wants stop first, and is the end', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'abc' })
    await assert.rejects(session.destroy(), { name: 'ErrorSessionRunning', exitCode: 64 })
    await session.stop()
    await assert.rejects(session.refresh('x'), { name: 'ErrorSessionNotStarted', exitCode: 77 })
    await session.destroy()
    assert.equal(existsSync(session.sessionFile), false)
    await assert.rejects(session.start({}), { name: 'ErrorSessionDestroyed', exitCode: 64 })
  })

  test('destroying what never was makes nothing', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.destroy()
    assert.equal(existsSync(session.clientPath), false)
  })

  test('a token of the environment is never written, nor is its refresh', async (t) => {
    const clientPath = clientFolder(t)
    const kept = new Session({ clientPath })
    await kept.start({ token: 'kept' })
    const session = new Session({ clientPath })
    await session.start({ token: 'given', persist: false })
    assert.equal(await session.readToken(), 'given')
    await session.refresh('given2')
    await session.writeToken()
    await session.writeToken('given3')
    assert.equal(session.token, 'given3')
    await session.stop()
    assert.equal(readFileSync(kept.sessionFile, 'utf8'), 'kept')
  })
})

describe('a refresh', () => {
  test('replaces only the token it was made for: a newer login stays', async (t) => {
    const clientPath = clientFolder(t)
    const [one, other] = [new Session({ clientPath }), new Session({ clientPath })]
    await one.start({ token: 'old' })
    await other.start({ token: 'login' })
    await one.refresh('old2', { replaces: 'old' })
    assert.equal(readFileSync(one.sessionFile, 'utf8'), 'login')
    assert.equal(one.token, 'login')
  })

  test('in flight does not bring back what was locked', async (t) => {
    const clientPath = clientFolder(t)
    const session = new Session({ clientPath })
    await session.start({ token: 'old' })
    await new Session({ clientPath }).destroy()
    await session.refresh('old2', { replaces: 'old' })
    assert.equal(existsSync(session.sessionFile), false)
    assert.equal(session.token, '')
  })

  test('in flight takes no place of a session that was started meanwhile', async (t) => {
    const clientPath = clientFolder(t)
    let meanwhile = async () => {}
    const rename: typeof promises.rename = async (from, to) => {
      await meanwhile()
      return promises.rename(from, to)
    }
    const session = new Session({ clientPath, fs: { promises: { ...promises, rename } } })
    await session.start({ token: 'old' })
    meanwhile = () => session.start({ token: 'given', persist: false })
    await session.refresh('old2')
    assert.equal(await session.readToken(), 'given')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'old2')
  })

  test('a burst of a thousand writes once', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'old' })
    const calls = Array.from({ length: 1000 }, (_, at) =>
      session.refresh(`new${at}`, { replaces: 'old' }),
    )
    await Promise.all(calls)
    assert.equal(session.token, 'new0')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'new0')
    assert.deepEqual(readdirSync(session.clientPath).sort(), ['token', 'token.lock'])
  })

  test('refuses what is no token, and keeps the one it has', async (t) => {
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'old' })
    await assert.rejects(session.refresh('two\nlines'), ErrorSessionTokenInvalid)
    assert.equal(await session.readToken(), 'old')
  })
})
