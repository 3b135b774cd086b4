import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webUser } from '../../test/support/web/request.ts'
import { anonymousUser, userFields, userIdOf } from './user.ts'
import { inMemoryUsers } from './user-provider.ts'
import { anonymousToken, type UserToken, userToken } from './user-token.ts'

test('the anonymous user has no id, no hash and no scopes', () => {
  assert.equal(anonymousUser.getId(), null)
  assert.equal(anonymousUser.getDisplayName(), 'Anonymous')
  assert.equal(anonymousUser.getHashedPassword(), '')
  assert.deepEqual(anonymousUser.getScopes(), [])
})

test('a row is mapped to a user by column names and functions', () => {
  const toUser = userFields<{ id: number; mail: string; hash: string; roles: string; on: number }>({
    id: 'id',
    displayName: ({ mail }) => mail.split('@')[0] ?? '',
    hashedPassword: 'hash',
    scopes: 'roles',
    active: 'on',
    usernames: ({ mail }) => [mail],
  })
  const row = { id: 7, mail: 'ada@example.test', hash: 'h', roles: 'read, write', on: 0 }
  const user = toUser(row)
  assert.deepEqual(
    [user.getId(), user.getDisplayName(), user.getHashedPassword(), user.getScopes()],
    [7, 'ada', 'h', ['read', 'write']],
  )
  assert.equal(user.isActive?.(), false)
  assert.equal(user.isEmailVerified, undefined)
  assert.equal(user.row, row)
  assert.equal(inMemoryUsers([user]).findByUsername('ada@example.test'), user)
})

test('the number 1 and the text 1 are the same user; an empty or a long id is refused', () => {
  assert.equal(userIdOf(webUser(1, 'a')), userIdOf(webUser('1', 'a')))
  for (const id of ['', 'x'.repeat(255)]) {
    assert.throws(() => userIdOf(webUser(id, 'a')), TypeError)
  }
})

test('users in memory are found by separate indexes, and two users cannot share an entry', () => {
  const ada = webUser(1, 'ada')
  const users = inMemoryUsers([ada, webUser(2, 'bob')])
  assert.equal(users.findById('1'), ada)
  assert.equal(users.findByUsername('ada'), ada)
  assert.equal(users.findByToken?.('ada-token'), ada)
  for (const found of [
    users.findById('ada'),
    users.findByToken?.('ada'),
    users.findByUsername('1'),
  ]) {
    assert.equal(found, null)
  }
  assert.throws(() => inMemoryUsers([ada, webUser('1', 'other')]), TypeError)
  assert.throws(() => inMemoryUsers([ada, ada]), TypeError)
  const named = { ...webUser(3, 'Ann'), username: 'ann', email: 'ann@example.test' }
  const other = { ...webUser(4, 'Ann'), username: 'ann2', getTokens: () => [] }
  const two = inMemoryUsers([named, other])
  assert.equal(two.findByUsername('ann@example.test'), named)
  assert.equal(two.findByUsername('Ann'), null)
})

test('a token tells who the user is, and its type is narrowed', () => {
  const token: UserToken = userToken(webUser(1, 'ada', ['read']), {
    state: 'impersonator',
    originalUserId: '3',
  })
  assert.ok(token.isAuthenticated)
  const id: string = token.userId
  assert.deepEqual(
    [id, token.displayName, String(token), token.originalUserId, token.isAnonymous],
    ['1', 'ada', 'ada', '3', false],
  )
  assert.deepEqual([token.has('read'), token.has('write')], [true, false])
  assert.equal(anonymousToken.isAuthenticated, false)
  assert.deepEqual(
    [String(anonymousToken), anonymousToken.userId, anonymousToken.has('read')],
    ['Anonymous', null, false],
  )
})
