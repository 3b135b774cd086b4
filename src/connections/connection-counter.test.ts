import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ConnectionCounter, type CountedConnection } from './connection-counter.ts'

const LIMITS = {
  maxConnections: 7,
  maxUnauthenticated: 5,
  maxPerAddress: 2,
  exempt: ['127.0.0.0/8'],
}

interface Opened {
  readonly address: string | null
  readonly connection: CountedConnection | null
  closed: boolean
}

/** Opens a connection, and notes whether it is closed for another. */
function open(counter: ConnectionCounter, address: string | null): Opened {
  const opened = { address, connection: null as CountedConnection | null, closed: false }
  opened.connection = counter.enter(address, () => {
    opened.closed = true
  })
  return opened
}

describe('when no place is free', () => {
  test('the unauthenticated connection that was used least recently is closed', () => {
    const counter = new ConnectionCounter({ maxConnections: 3 })
    const [first, second, third] = [1, 2, 3].map((last) => open(counter, `192.0.2.${last}`))
    first?.connection?.authenticate()
    second?.connection?.use()
    open(counter, '192.0.2.4')
    assert.deepEqual([first?.closed, second?.closed, third?.closed], [false, false, true])
    open(counter, '192.0.2.5')
    assert.equal(second?.closed, true)
    assert.deepEqual(counter.stats(), { unauthenticated: 2, evicted: 2, refused: 0 })
  })

  test('a connection is refused if all others are authenticated', () => {
    const counter = new ConnectionCounter({ maxConnections: 1 })
    const first = open(counter, null)
    first.connection?.authenticate()
    assert.equal(open(counter, null).connection, null)
    assert.equal(first.closed, false)
    first.connection?.leave()
    assert.notEqual(open(counter, null).connection, null)
  })

  test('an address takes places only from itself', () => {
    const counter = new ConnectionCounter({ maxPerAddress: 1 })
    const other = open(counter, '192.0.2.9')
    const first = open(counter, '2001:db8::1')
    const second = open(counter, '2001:db8::2')
    assert.deepEqual([other.closed, first.closed, second.closed], [false, true, false])
    second.connection?.authenticate()
    assert.equal(open(counter, '2001:db8::3').connection, null)
    assert.equal(counter.size, 2)
  })
})

test('the counter is right after any sequence of connections', () => {
  const addresses = ['192.0.2.1', '2001:db8::1', '2001:db8::2', '127.0.0.1', null]
  const acts = fc.constantFrom('enter', 'leave', 'authenticate', 'use')
  const step = fc.tuple(fc.constantFrom(...addresses), acts)
  const isSix = ({ address }: Opened) => address?.includes(':') === true
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const counter = new ConnectionCounter(LIMITS)
      let all: Opened[] = []
      for (const [address, act] of steps) {
        const found = all.find((each) => each.address === address)
        if (act === 'enter') all.push(open(counter, address))
        else if (act === 'authenticate') found?.connection?.authenticate()
        else if (act === 'use') found?.connection?.use()
        else {
          found?.connection?.leave()
          found?.connection?.leave()
          // As a door may do while its socket is closing.
          found?.connection?.authenticate()
          all = all.filter((each) => each !== found)
        }
        all = all.filter(({ connection, closed }) => connection !== null && !closed)
        const unauthenticated = all.filter(({ connection }) => connection?.authenticated === false)
        assert.equal(counter.size, all.length)
        assert.equal(counter.stats().unauthenticated, unauthenticated.length)
        assert.ok(all.length <= 7 && unauthenticated.length <= 5)
        assert.ok(all.filter(isSix).length <= 2)
      }
    }),
  )
})
