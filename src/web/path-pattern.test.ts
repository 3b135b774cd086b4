import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathExcluder, pathIncluder } from './path-pattern.ts'
import { safeRedirect } from './safe-redirect.ts'

test('an excluded path is spelled exactly, and host and query do not count', () => {
  const excluded = pathExcluder(['/login', '/public/*', /\/assets\/[a-z]+\.css/])
  for (const url of [
    '/login',
    '/login?x=1',
    'http://host.test/login',
    '/public',
    '/public/a/b',
    '/assets/app.css?v=2',
  ]) {
    assert.equal(excluded(url), true, url)
  }
  for (const url of [
    '/',
    '/admin?x=/login',
    '/LOGIN',
    '/login/',
    '/login/x',
    '//login',
    '/publicity',
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/..%2fadmin',
    '/admin/..%2fpublic/x',
    '/public/%ff',
    '/public/a%00',
    '/public\\..\\admin',
    '/x/assets/app.css',
    '/assets/app.css.map',
    'http://login/admin',
  ]) {
    assert.equal(excluded(url), false, url)
  }
})

test('an included path is found in every spelling that a router accepts', () => {
  const included = pathIncluder(['/admin/*', '/private'])
  for (const url of [
    '/admin',
    '/admin/',
    '/ADMIN/x',
    '/admin/x?y',
    '/a/../admin/x',
    '/%61dmin/x',
    '//admin/x',
    '/private/',
    '/admin/%ff',
    '/%ff',
  ]) {
    assert.equal(included(url), true, url)
  }
  for (const url of ['/', '/administrator', '/x?/admin/', '/privately']) {
    assert.equal(included(url), false, url)
  }
  assert.equal(pathIncluder(['/*'])('/anything'), true)
})

test('a pattern that is no path is refused', () => {
  for (const pattern of ['login', '', '*', '/a*b', '/*/x', '/a/*/']) {
    assert.throws(() => pathExcluder([pattern]), { code: 'invalid_request' }, pattern)
  }
})

test('a redirect leads to a path of this site only', () => {
  for (const target of ['/', '/app', '/app?next=%2F#x', '/a//b']) {
    assert.equal(safeRedirect(target), target)
  }
  for (const target of [
    '//evil.example',
    '/\\evil.example',
    '\\evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'https://evil.example/app',
    'app',
    '',
    ' /app',
    '/\t/evil.example',
    '/app\r\nset-cookie: a=b',
    '/a\\b',
    `/${'x'.repeat(3000)}`,
    undefined,
    null,
    7,
    ['/app'],
  ]) {
    assert.equal(safeRedirect(target, '/home'), '/home', String(target))
  }
})
