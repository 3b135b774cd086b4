import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moduleNames, presentRowName } from './renamed-rows.ts'

test('a row that was renamed has its present name', () => {
  const renamed = { 'login/login-queued': 'login/login-waiting' }
  assert.equal(presentRowName('login', 'login-queued', renamed), 'login-waiting')
})

test('a row of the same name in another bench keeps its name', () => {
  const renamed = { 'sqlite-store/sqlite-create': 'sqlite-store/sqlite-store-create' }
  assert.equal(presentRowName('sqlite-create', 'sqlite-create', renamed), 'sqlite-create')
})

test('a module is looked for by its present name, then by its older ones', () => {
  const renamed = { house: 'context', authority: 'context', other: 'another' }
  assert.deepEqual(moduleNames('context', renamed), ['context', 'house', 'authority'])
  assert.deepEqual(moduleNames('login', renamed), ['login'])
})
