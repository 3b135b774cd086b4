import { createServer } from 'node:net'
import { parseListenAddress } from '../../server/listen-address.ts'
import { OPTIONS } from '../../server/options.ts'

/**
 * Returns the default address of an agent's gRPC door, or port 0 if another program, such as the agent of another user, uses that
 * address. An agent needs this door to be unlocked, and `status.json` tells its clients the port.
 */
export async function findGrpcAddress(): Promise<string> {
  const address = String(OPTIONS.grpc.value)
  const taken = await new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(parseListenAddress(address), () => server.close(() => resolve(false)))
  })
  return taken ? '127.0.0.1:0' : address
}
