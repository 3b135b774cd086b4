import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  type PathLike,
  promises,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { describe, test } from 'node:test'
import { runChild } from '../../../test/support/client/child.ts'
import { clientFolder } from '../../../test/support/client/folder.ts'
import { Session } from './session.ts'

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8)
const isRoot = process.getuid?.() === 0

describe('the session file', () => {
  test('is 0600 in a folder of 0700, whatever the umask', async (t) => {
    const before = process.umask(0)
    t.after(() => process.umask(before))
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'abc' })
    assert.equal(modeOf(session.clientPath), '700')
    assert.equal(modeOf(session.sessionFile), '600')
    assert.equal(modeOf(`${session.sessionFile}.lock`), '600')
  })

  test('a file that others can read is made private, and the folder keeps its mode', async (t) => {
    const clientPath = clientFolder(t)
    const heard: string[] = []
    const logger = { warn: (message: string) => void heard.push(message) }
    const session = new Session({ clientPath, logger })
    await session.start({ token: 'abc' })
    chmodSync(clientPath, 0o755)
    chmodSync(session.sessionFile, 0o644)
    assert.equal(await session.readToken(), 'abc')
    assert.equal(modeOf(clientPath), '755')
    assert.equal(modeOf(session.sessionFile), '600')
    assert.equal(heard.length, 1)
    assert.doesNotMatch(heard.join(), /abc/)
  })

  test('a folder that others can write is refused, and keeps its mode', async (t) => {
    const clientPath = clientFolder(t)
    const session = new Session({ clientPath })
    await session.start({ token: 'abc' })
    chmodSync(clientPath, 0o777)
    await assert.rejects(session.readToken(), { name: 'ErrorSessionFileUnsafe' })
    await assert.rejects(session.writeToken('def'), { name: 'ErrorSessionFileUnsafe' })
    assert.equal(modeOf(clientPath), '777')
  })

  test('a file that holds a newer token by now is not removed with an older one', async (t) => {
    const clientPath = clientFolder(t)
    const session = new Session({ clientPath })
    await session.start({ token: 'abc' })
    await session.writeToken('newer')
    await session.stop()
    await session.destroy({ only: 'abc' })
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'newer')
    await new Session({ clientPath }).destroy({ only: 'newer' })
    assert.equal(existsSync(session.sessionFile), false)
  })

  test('a link in its place is neither read nor overwritten through', async (t) => {
    const clientPath = clientFolder(t)
    mkdirSync(clientPath, { mode: 0o700 })
    const target = `${clientPath}/other`
    writeFileSync(target, 'secret', { mode: 0o600 })
    symlinkSync(target, `${clientPath}/token`)
    const session = new Session({ clientPath })
    const unsafe = { name: 'ErrorSessionFileUnsafe', code: 'access_denied', exitCode: 77 }
    await assert.rejects(session.start({}), unsafe)
    await assert.rejects(session.start({ token: 'abc' }), unsafe)
    assert.equal(readFileSync(target, 'utf8'), 'secret')
    // Removing it removes the link.
    await session.destroy()
    assert.equal(readFileSync(target, 'utf8'), 'secret')
    assert.equal(existsSync(session.sessionFile), false)
  })

  test('a link in the place of its folder, its lock or its successor is not followed', async (t) => {
    const real = clientFolder(t)
    mkdirSync(real, { mode: 0o700 })
    const linked = `${real}2`
    symlinkSync(real, linked)
    const unsafe = { name: 'ErrorSessionFileUnsafe' }
    await assert.rejects(new Session({ clientPath: linked }).start({ token: 'abc' }), unsafe)
    const target = `${real}/other`
    writeFileSync(target, 'mine')
    symlinkSync(target, `${real}/token.new`)
    await new Session({ clientPath: real }).start({ token: 'abc' })
    assert.equal(readFileSync(target, 'utf8'), 'mine')
    execFileSync('rm', [`${real}/token.lock`])
    symlinkSync(target, `${real}/token.lock`)
    await assert.rejects(new Session({ clientPath: real }).start({ token: 'abc' }), unsafe)
  })

  test('a pipe or a folder in its place is refused, and nothing hangs', async (t) => {
    const clientPath = clientFolder(t)
    mkdirSync(clientPath)
    execFileSync('mkfifo', [`${clientPath}/token`])
    const unsafe = { name: 'ErrorSessionFileUnsafe' }
    await assert.rejects(new Session({ clientPath }).start({}), unsafe)
    execFileSync('rm', [`${clientPath}/token`])
    mkdirSync(`${clientPath}/token`)
    await assert.rejects(new Session({ clientPath }).start({}), unsafe)
  })

  test('what belongs to another user is refused', {
    skip: isRoot ? false : 'only root can make such a file',
  }, async (t) => {
    const clientPath = clientFolder(t)
    const session = new Session({ clientPath })
    await session.start({ token: 'abc' })
    chownSync(session.sessionFile, 12_345, 12_345)
    await assert.rejects(session.start({}), { message: /belongs to another user/ })
    chownSync(clientPath, 12_345, 12_345)
    await assert.rejects(session.start({ token: 'abc' }), { message: /belongs to another user/ })
  })

  test('a folder that cannot be created is an error with the reason', async (t) => {
    const clientPath = clientFolder(t)
    writeFileSync(clientPath, '')
    await assert.rejects(
      new Session({ clientPath: `${clientPath}/deeper` }).start({ token: 'a' }),
      {
        name: 'ErrorSessionFileUnusable',
        code: 'unavailable',
        exitCode: 74,
      },
    )
  })
})

describe('a file system', () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }))

  test('that syncs no folders keeps the token all the same', async (t) => {
    const clientPath = clientFolder(t)
    const open: typeof promises.open = async (path, ...more) => {
      const handle = await promises.open(path, ...more)
      if (path === clientPath) handle.sync = failing('EINVAL')
      return handle
    }
    const session = new Session({ clientPath, fs: { promises: { ...promises, open } } })
    await session.start({ token: 'abc' })
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'abc')
    await session.stop()
    await session.destroy()
    assert.equal(existsSync(session.sessionFile), false)
  })

  for (const code of ['ENOSPC', 'EIO', 'EROFS']) {
    test(`that fails with ${code} leaves the token of before, and a lock removes what is left`, async (t) => {
      const clientPath = clientFolder(t)
      await new Session({ clientPath }).start({ token: 'old' })
      const fs = { promises: { ...promises, rename: failing(code) } }
      const session = new Session({ clientPath, fs })
      await session.start({})
      const unusable = { name: 'ErrorSessionFileUnusable', exitCode: 74 }
      await assert.rejects(session.refresh('new'), unusable)
      assert.equal(await session.readToken(), 'old')
      await assert.rejects(session.start({ token: 'new' }), unusable)
      await session.stop()
      await session.destroy()
      assert.deepEqual(readdirSync(clientPath), ['token.lock'])
    })
  }
})

describe('the session file between processes', { concurrency: 2 }, () => {
  test('two write and others read at once: no token is torn', async (t) => {
    const clientPath = clientFolder(t)
    const children = ['ab', 'cd'].map((letters) =>
      runChild(t, 'writing-child.ts', clientPath, letters, '100'),
    )
    await Promise.all(children.map(({ says }) => says('writing')))
    let over = false
    const ended = Promise.all(children.map((child) => child.ended)).then(() => {
      over = true
    })
    const session = new Session({ clientPath })
    let reads = 0
    while (!over) {
      assert.match((await session.readToken()) ?? 'none', /^(a+|b+|c+|d+)$/)
      reads++
    }
    await ended
    assert.ok(reads > 10)
    assert.equal((await session.readToken())?.length, 4000)
  })

  test('a process that is killed during a write leaves a whole token and no lock', async (t) => {
    const clientPath = clientFolder(t)
    for (let round = 0; round < 12; round++) {
      const child = runChild(t, 'writing-child.ts', clientPath, 'ab')
      await child.says('writing')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 12))
      child.process.kill('SIGKILL')
      await child.ended
      const session = new Session({ clientPath, lockTimeoutMs: 1000 })
      await session.start({})
      assert.match(session.token, /^(a{4000}|b{4000})$/)
      await session.start({ token: 'next' })
    }
  })

  test('a lock that is held is waited for so long and no longer; the kill of its holder frees it', async (t) => {
    const clientPath = clientFolder(t)
    const session = new Session({ clientPath, lockTimeoutMs: 200 })
    await session.start({ token: 'old' })
    const holder = runChild(t, 'locking-child.ts', `${clientPath}/token.lock`)
    await holder.says('locked')
    const busy = { name: 'ErrorSessionFileBusy', code: 'busy', exitCode: 75 }
    await assert.rejects(session.refresh('new'), busy)
    assert.equal(await session.readToken(), 'old', 'reading takes no lock')
    holder.process.kill('SIGSTOP')
    await assert.rejects(session.refresh('new'), busy)
    holder.process.kill('SIGKILL')
    await holder.ended
    await session.refresh('new')
    assert.equal(await session.readToken(), 'new')
  })

  test('a burst among processes writes once, and all hold the same', async (t) => {
    const clientPath = clientFolder(t)
    await new Session({ clientPath }).start({ token: 't0' })
    const children = Array.from({ length: 6 }, () =>
      runChild(t, 'refreshing-child.ts', clientPath, '20'),
    )
    await Promise.all(children.map(({ says }) => says('ready')))
    for (const { process } of children) process.stdin?.write('go\n')
    const held = await Promise.all(children.map(({ says }) => says('holds')))
    assert.equal(new Set(held).size, 1)
    assert.match(held[0] ?? '', /^t1\.\d+$/)
  })

  test('a token is read only for the server that it was saved for', async (t) => {
    const clientPath = clientFolder(t)
    const a = { server: 'https://a.example/', ca: null }
    const b = { server: 'grpcs://b.example:8300', ca: 'ab12' }
    await new Session({ clientPath, server: a }).start({ token: 'for-a' })
    assert.equal(modeOf(`${clientPath}/server.json`), '600')
    assert.equal(await new Session({ clientPath, server: a }).readToken(), 'for-a')
    const other = new Session({ clientPath, server: b })
    const refused = { name: 'ErrorSessionOtherServer', code: 'access_denied', exitCode: 77 }
    await assert.rejects(other.readToken(), refused)
    await assert.rejects(
      new Session({ clientPath, server: { ...a, ca: 'x' } }).readToken(),
      refused,
    )
    await other.start({ token: 'for-b' })
    assert.equal(await other.readToken(), 'for-b')
    await assert.rejects(new Session({ clientPath, server: a }).readToken(), refused)
    await other.refresh('for-b-2')
    assert.equal(await other.readToken(), 'for-b-2')
    writeFileSync(`${clientPath}/server.json`, 'garbage')
    await assert.rejects(other.readToken(), refused)
    await other.stop()
    await other.destroy()
    assert.deepEqual(readdirSync(clientPath), ['token.lock'])
  })

  test('a token that was saved without a server is for the local agent', async (t) => {
    const clientPath = clientFolder(t)
    await new Session({ clientPath }).start({ token: 'abc' })
    const agent = new Session({ clientPath, server: { server: 'agent', ca: null } })
    assert.equal(await agent.readToken(), 'abc')
    const other = new Session({ clientPath, server: { server: 'https://a.example/', ca: null } })
    await assert.rejects(other.readToken(), { name: 'ErrorSessionOtherServer' })
  })

  test('a process that is killed between the server and the token leaves no token of the other server', async (t) => {
    const clientPath = clientFolder(t)
    const a = { server: 'https://a.example/', ca: null }
    const b = { server: 'https://b.example/', ca: null }
    await new Session({ clientPath, server: a }).start({ token: 'for-a' })
    const killing = {
      ...promises,
      async rename(from: PathLike, to: PathLike) {
        if (String(to).endsWith('token')) throw new Error('killed')
        await promises.rename(from, to)
      },
    }
    const killed = new Session({ clientPath, server: b, fs: { promises: killing } })
    await assert.rejects(killed.start({ token: 'for-b' }))
    for (const server of [a, b]) {
      assert.equal(await new Session({ clientPath, server }).readToken(), undefined)
    }
  })
})
