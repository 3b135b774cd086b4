import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { keyIn, openGame } from '../../../test/support/mage-door.ts'

const folder = resolve(import.meta.dirname, '../../../examples/mage-game')

test('the lines of the example’s README say what they print', async (t) => {
  const game = await openGame(t, { modules: resolve(folder, 'lib/modules') })
  const readme = readFileSync(resolve(folder, 'README.md'), 'utf8')
  const lines = [...readme.matchAll(/:8080(\/game\/[\w.,]+) --data-binary \$'([^']+)'/g)]
  assert.equal(lines.length, 8)
  const ask = async (at: number, change: (body: string) => string = (body) => body) => {
    const [, path = '', body = ''] = lines[at] ?? []
    const { entries } = await game.send(path, { body: change(body.replaceAll('\\n', '\n')) })
    return entries
  }
  assert.deepEqual(await ask(0), [['invalidUsernameOrPassword', null]])
  const [[, id] = []] = await ask(1)
  const key = keyIn((await ask(2))[0])
  const withKey = (body: string) => body.replace('KEY', key)
  assert.deepEqual(await ask(3, withKey), [[null, { actorId: id, acl: ['user'] }]])
  const [, who] = await ask(4)
  assert.deepEqual(who, [null, { actorId: id, acl: ['user'] }])
  const visit = await ask(5)
  assert.deepEqual(visit[1], [null, { actorId: visit[0]?.[1], acl: ['user'] }])
  assert.deepEqual((await ask(6))[1], [null, null])
  const login = await game.call('players.login', [['test', 'next']])
  const bob = await game.person('bob')
  const heard: unknown[] = []
  const check = await game.authority.authenticate(bob.key)
  assert.ok(check.ok)
  const poke = (body: string) =>
    body.replace('KEY', keyIn(login.entries[0])).replace('ACTOR', bob.id)
  assert.deepEqual(await ask(7, poke), [[null, null]])
  await new Promise((go) => setTimeout(go, 20))
  game.connections.open(check, {
    door: 'mage',
    send: (event) => void heard.push(event),
    close: () => undefined,
  })
  await new Promise((go) => setTimeout(go, 20))
  assert.deepEqual(heard, [{ name: 'players.poked', data: { by: id, text: 'hello' } }])
})
