import type { Server } from 'node:net'
import type { ListenAddress } from './listen-address.ts'

/** Starts to listen and returns the port, which the system may have picked. Rejects with the error of the system. */
export function listening(server: Server, { host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', reject)
  server.listen({ host, port }, () => {
    server.off('error', reject)
    const bound = server.address()
    resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
  })
  return promise
}
