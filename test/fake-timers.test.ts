import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from 'latchkey'
import { createConnections } from 'latchkey/connections'
import { memory } from 'latchkey/stores/memory'
import { sqlite } from 'latchkey/stores/sqlite'

for (const engine of ['sqlite', 'memory'] as const) {
  test(`fake timers of an application do not stop the store ${engine}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-timers-'))
    t.after(() => rm(folder, { recursive: true }))
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] })
    const authority = await createAuthority({
      store: engine === 'sqlite' ? sqlite({ folder }) : memory(),
      passwords: { memoryKiB: 8, passes: 1 },
      storeTimeoutMs: 100,
    })
    const connections = createConnections({ authority, sweepEveryMs: 1 })
    const ada = { name: 'ada', password: 'quiet river stone' }
    assert.ok((await authority.actors.register(ada)).ok)
    const login = await authority.login({ identity: 'ada', password: ada.password })
    assert.ok(login.ok)
    const check = await authority.authenticate(login.token)
    assert.ok(check.ok)
    const { promise, resolve } = Promise.withResolvers<string>()
    connections.open(check, { door: 'test', close: resolve })
    await authority.logout(check)
    assert.equal(await promise, 'logged_out')
    await connections.close()
    await authority.close()
  })
}
