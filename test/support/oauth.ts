import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import type { Authenticated, ConfiguredClient } from '../../src/core/index.ts'
import { type Fixture, type FixtureOptions, openFixture } from './http-door.ts'

/** The secret of the confidential clients. Some of its characters need the form encoding of HTTP Basic. */
export const CLIENT_SECRET = 'a secret: of 40+ characters, 100% random?'

export const CLIENTS: readonly ConfiguredClient[] = [
  { id: 'kettle', name: 'Kettle', roles: ['user', 'poet'] },
  { id: 'backend', secret: CLIENT_SECRET, introspect: true },
  { id: 'once', grants: ['device_code'] },
]

/** An HTTP door on a port of this machine, with a fake clock, OAuth clients and the actor Ada. */
export interface OAuthFixture {
  readonly fixture: Fixture
  readonly issuer: URL
  approve(userCode: string): Promise<void>
  deny(userCode: string): Promise<void>
}

/** Opens the fixture. It closes with the test. */
export async function openOAuth(
  t: TestContext,
  options: FixtureOptions = {},
): Promise<OAuthFixture> {
  const fixture = await openFixture({ clients: CLIENTS, ...options })
  const server = createServer(getRequestListener((request) => fixture.fetch(request)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await fixture[Symbol.asyncDispose]()
  })
  await fixture.person('ada', ['user', 'poet', 'admin'])
  const current = async (): Promise<Authenticated> => {
    const { token } = await fixture.login('ada')
    const check = await fixture.authority.authenticate(token)
    assert.ok(check.ok)
    return check
  }
  const { devices } = fixture.authority
  return {
    fixture,
    issuer: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async approve(userCode) {
      assert.deepEqual(await devices.approve(await current(), userCode), { ok: true })
    },
    async deny(userCode) {
      assert.deepEqual(await devices.deny(await current(), userCode), { ok: true })
    },
  }
}
