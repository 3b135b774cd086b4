import type { TestContext } from 'node:test'
import { type ConnectionsOptions, createConnections } from '../../src/connections/index.ts'
import { addActor, check, logIn, openFixture, type TestNode } from './authority.ts'
import { mockTimers } from './mock-timers.ts'

/** Opens an authority on two nodes, the table of connections of one, and a session of Ada. The sweep runs by the mocked clock. */
export async function openTable(t: TestContext, options: Partial<ConnectionsOptions> = {}) {
  const restoreTimers = mockTimers(t, ['setInterval'])
  const fixture = await openFixture(t)
  const there = await fixture.addNode()
  const errors: unknown[] = []
  const connect = (node: TestNode) => {
    const { authority } = node
    const onError = (error: unknown) => void errors.push(error)
    const table = createConnections({ authority, onError, ...options })
    t.after(() => table.close())
    return table
  }
  const ada = await addActor(fixture.authority, 'Ada')
  const login = await logIn(fixture.authority, 'ada')
  const current = await check(fixture.authority, login.token)
  return {
    ...fixture,
    there,
    ada,
    login,
    current,
    told: errors,
    table: connect(fixture),
    connect,
    restoreTimers,
  }
}

/** The door's end of a connection, which records what it received. */
export function ends() {
  const sent: unknown[] = []
  const closed: string[] = []
  return {
    sent,
    closed,
    door: 'test',
    send: (event: { name: string }) => void sent.push(event.name),
    close: (reason: string) => void closed.push(reason),
  }
}
