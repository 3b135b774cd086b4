import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCookie } from './cookie.ts'

const DAY_MS = 86_400_000
const found = (header: string, cookie = createCookie({ name: 'sid' })) =>
  cookie.find(new Headers({ cookie: header }))

test('a cookie is written with every attribute and read back', () => {
  const cookie = createCookie({ name: 'sid' })
  const value = 'oat_Mw.a-b~c=%;"\\ü'
  const written = cookie.write(value, 90_500)
  assert.match(written, /^__Host-sid=[!-~]+; Max-Age=90; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  assert.equal(found(written.split(';')[0] ?? ''), value)
  assert.equal(cookie.clear(), '__Host-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax')
})

test('a plain cookie has neither prefix nor Secure', () => {
  const cookie = createCookie({ name: 'sid', plain: true })
  assert.equal(cookie.write('x', 1000), 'sid=x; Max-Age=1; Path=/; HttpOnly; SameSite=Lax')
  assert.equal(found('__Host-sid=x', cookie), null)
  assert.equal(found('sid=x', cookie), 'x')
})

test('a cookie with a domain or a path has no prefix', () => {
  const shared = createCookie({ name: 'sid', domain: 'example.test', sameSite: 'strict' })
  assert.equal(
    shared.write('x', 1000),
    'sid=x; Max-Age=1; Domain=example.test; Path=/; HttpOnly; Secure; SameSite=Strict',
  )
  const below = createCookie({ name: 'sid', path: '/app', sameSite: 'none' })
  assert.equal(below.clear(), 'sid=; Max-Age=0; Path=/app; HttpOnly; Secure; SameSite=None')
})

test('a lifetime is at least zero, and at most the 400 days that browsers keep', () => {
  const cookie = createCookie({ name: 'sid' })
  assert.match(cookie.write('x', -5), /Max-Age=0;/)
  assert.match(cookie.write('x', 3650 * DAY_MS), /Max-Age=34560000;/)
})

test('the first of two cookies counts, and a malformed header has none', () => {
  assert.equal(found('__Host-sid=a; __Host-sid=b'), 'a')
  for (const header of [
    '',
    ';;;',
    '=',
    '__Host-sid',
    'x__Host-sid=a',
    '__Host-sid-as=a',
    '__proto__=a',
  ]) {
    assert.equal(found(header), null, header)
  }
})
