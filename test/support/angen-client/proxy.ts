import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** What stands between clients and a server. */
export interface Proxy {
  readonly port: number
  /** How many of these commands the clients have sent. */
  count(command: string): number
  /** Loses the next answer of that name, and the connection with it. */
  loseNext(answer: string): void
}

/** Opens a proxy before a port. Gone after the test. */
export async function openProxy(t: TestContext, target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let sent = ''
  let lost: string | null = null
  const server = createServer((client) => {
    const upstream = connect({ port: target, host: '127.0.0.1' })
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => other.destroy())
    }
    client.on('data', (chunk) => {
      sent += chunk
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (lost === null || !String(chunk).includes(`"name":"${lost}"`)) return client.write(chunk)
      lost = null
      return client.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    count: (command) => sent.split(`"name":"${command}"`).length - 1,
    loseNext(answer) {
      lost = answer
    },
  }
}
