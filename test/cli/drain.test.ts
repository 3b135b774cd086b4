import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { logIn, type ServerProcess, serve, waitUntil } from './support.ts'

const CLIENTS = 30
const PASSWORD = 'six wet otters under a bridge'

interface Asked {
  readonly status: number
  readonly closes: boolean
}

/** Sends a request on the connection of an agent. Rejects with the error of the connection. */
function ask(url: string, agent: Agent, token: string): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const headers = { authorization: `Bearer ${token}` }
  const sent = request(url, { agent, headers }, (answer) => {
    const { statusCode: status = 0, headers } = answer
    answer.resume()
    answer.on('end', () => resolve({ status, closes: headers.connection === 'close' }))
  })
  sent.on('error', reject)
  sent.end()
  return promise
}

interface Client {
  answered: number
  /** The error that ended it. */
  error: NodeJS.ErrnoException | null
}

/** Starts clients that send one request after the other until the server accepts no connection any more. */
function startClients({ url }: ServerProcess, token: string, pauseMs: number): readonly Client[] {
  return Array.from({ length: CLIENTS }, () => {
    const client: Client = { answered: 0, error: null }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const run = async () => {
      for (;;) {
        const { status } = await ask(`${url}/v1/session`, agent, token)
        assert.equal(status, 200)
        client.answered++
        if (pauseMs > 0) await setTimeout(pauseMs)
      }
    }
    run().catch((error: NodeJS.ErrnoException) => {
      client.error = error
      agent.destroy()
    })
    return client
  })
}

describe('at SIGTERM', { concurrency: 3 }, () => {
  for (const [name, pauseMs, args] of [
    ['busy clients', 0, []],
    ['clients that pause between requests', 10, []],
    ['busy clients of a server that closes without a delay', 0, ['--drain-ms', '0']],
  ] as const) {
    test(`no request on an open connection is lost: ${name}`, async (t) => {
      const server = await serve(t, ['--store', 'memory', ...args])
      const token = await logIn(server.url, 'ada', PASSWORD)
      const clients = startClients(server, token, pauseMs)
      await waitUntil(() => clients.every(({ answered }) => answered > 10))
      const ended = await server.kill('SIGTERM')
      assert.equal(ended.code, 0)
      await waitUntil(() => clients.every(({ error }) => error !== null))
      // Each client was refused a new connection in the end, and had an answer to each request that it sent.
      const failed = new Set(clients.map(({ error }) => error?.syscall))
      assert.deepEqual([...failed], ['connect'])
    })
  }

  test('the server says that it is not ready before it refuses requests', async (t) => {
    const server = await serve(t, ['--store', 'memory', '--drain-ms', '60000'])
    const token = await logIn(server.url, 'ada', PASSWORD)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    assert.deepEqual(await ask(`${server.url}/readyz`, agent, token), {
      status: 200,
      closes: false,
    })
    server.child.kill('SIGTERM')
    let status = 200
    while (status !== 503) status = (await ask(`${server.url}/readyz`, agent, token)).status
    const asked = await ask(`${server.url}/v1/session`, agent, token)
    assert.deepEqual(asked, { status: 200, closes: true })
    server.child.kill('SIGINT')
    await setTimeout(200)
    server.child.kill('SIGINT')
    assert.equal((await server.ended).code, 130)
  })
})
