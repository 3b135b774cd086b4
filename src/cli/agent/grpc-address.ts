import { createServer } from 'node:net'
import { parseListenAddress } from '../../server/listen-address.ts'
import { OPTIONS } from '../../server/options.ts'

/**
 * Where an agent's gRPC door listens unless that is said: the default address, or any port of this machine where another program, such
 * as the agent of another user, has that. An agent without the door could not be unlocked, and `status.json` says where it is.
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
