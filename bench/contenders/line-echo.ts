import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Prepared } from '../harness/contender.ts'

const USER = { id: '1a29545c-f2b0-4b70-9f35-d4104471f3aa', name: 'actor 17' }

/** A bare TCP server that splits lines, parses each, and answers it with JSON of the same size; what came at once is answered in one write. */
export async function prepare(): Promise<Prepared> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let pending = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      const lines = (pending + chunk).split('\n')
      pending = lines.pop() ?? ''
      let answers = ''
      for (const line of lines) answers += answer(JSON.parse(line))
      if (answers !== '') socket.write(answers)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    facts: { port },
    measure: async () => ({}),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function answer({ name }: { readonly name: string }): string {
  if (name !== 'auth/login') throw new Error(`no command ${name}`)
  return `${JSON.stringify({ message: { user: USER }, name: 'auth/logged_in' })}\n`
}
