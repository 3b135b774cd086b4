import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Prepared } from '../harness/contender.ts'

/** A bare `node:http` server that reads the same body, parses both of its lines, and answers with the same bytes. */
export async function prepare(): Promise<Prepared> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const [header = '', params = ''] = Buffer.concat(chunks).toString('utf8').split('\n')
      if (!Array.isArray(JSON.parse(header)) || typeof JSON.parse(params) !== 'object') {
        response.writeHead(400)
        response.end()
        return
      }
      response.writeHead(200, [
        ...['content-type', 'application/json; charset=UTF-8'],
        ...['pragma', 'no-cache'],
      ])
      response.write(JSON.stringify([[null, null]]))
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    facts: { port },
    measure: async () => ({}),
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
