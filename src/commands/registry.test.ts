import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { builtInCommands, createRegistry, defineCommand } from './index.ts'

function command(name: string, access: readonly string[] = ['*']) {
  return defineCommand({ name, access, params: z.strictObject({}), run: () => name })
}

test('a command is found by its exact name', () => {
  const registry = createRegistry([command('a.b'), command('constructor.x')])
  assert.equal(registry.find('a.b')?.name, 'a.b')
  assert.equal(registry.find('constructor.x')?.name, 'constructor.x')
  for (const name of ['A.b', 'a', 'a.b ', '', '__proto__', 'constructor', 'toString', 'a.b.c']) {
    assert.equal(registry.find(name), null, name)
  }
})

test('a duplicate name is refused with the name, and nothing of the batch is added', () => {
  const registry = createRegistry([command('a.b')])
  assert.throws(() => registry.add([command('c.d'), command('a.b')]), {
    code: 'conflict',
    message: 'There are two commands named a.b. Rename one.',
  })
  assert.equal(registry.find('c.d'), null)
  assert.throws(() => registry.add([command('e.f'), command('e.f')]), { code: 'conflict' })
  assert.equal(registry.list().length, 1)
})

test('a name that a door cannot transport cannot be defined', () => {
  const names = ['', 'a', 'a.', '.a', 'a..b', '__proto__', 'a.b c', 'a/b.c', '1.a', 'ä.b', 'a.b\n']
  for (const name of names) {
    assert.throws(() => command(name), { code: 'invalid_request' }, JSON.stringify(name))
  }
  for (const name of ['a.b', 'a-b.c_d', 'A1.b2', 'constructor.x']) command(name)
})

test('a session is required unless every caller has access', () => {
  assert.equal(command('a.b').session, 'optional')
  assert.equal(command('a.b', ['user']).session, 'required')
  assert.equal(command('a.b', []).session, 'required')
})

test('the names of built-in commands are unique', () => {
  const registry = createRegistry(builtInCommands)
  assert.equal(registry.list().length, builtInCommands.length)
  assert.ok(registry.list().every(({ about }) => about?.endsWith('.')))
})
