import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatListenAddress, parseListenAddress } from './listen-address.ts'

test('parses every form of an address', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  assert.deepEqual(parseListenAddress('[::1]:8080'), { host: '::1', port: 8080 })
  assert.deepEqual(parseListenAddress('login.example:0'), { host: 'login.example', port: 0 })
  assert.deepEqual(parseListenAddress(':8080'), { host: '127.0.0.1', port: 8080 })
  assert.deepEqual(parseListenAddress('8080'), { host: '127.0.0.1', port: 8080 })
  assert.deepEqual(parseListenAddress('a:65535'), { host: 'a', port: 65_535 })
})

test('refuses everything else', () => {
  const wrong = [
    '',
    'a',
    'a:',
    ':',
    'a:65536',
    'a:-1',
    'a:80a',
    'a: 80',
    ' a:80',
    '::1:80',
    '[::1]',
    '[::g]:80',
    '[]:80',
    '256.0.0.1:80',
    '127.1:80',
    '127.0.0.01:80',
    'http://a:80',
    'a/b:80',
    'a b:80',
    '-a:80',
    'a:080000',
  ]
  for (const text of wrong) assert.equal(parseListenAddress(text), null, text)
})

test('a formatted address parses to itself', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
  fc.assert(
    fc.property(host, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      assert.deepEqual(parseListenAddress(formatListenAddress({ host, port })), { host, port })
    }),
  )
})

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseListenAddress(text)))
})
