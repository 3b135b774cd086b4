import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Prepared } from '../harness/contender.ts'

export interface Options {
  readonly path: string
  /** The bytes of every answer, base64. */
  readonly answer: string
}

const same = (bytes: Buffer) => bytes

/** A bare grpc-js server that answers with the same bytes, without making or reading a message. */
export async function prepare({ path, answer }: Options): Promise<Prepared> {
  const bytes = Buffer.from(answer, 'base64')
  const server = new Server({ 'grpc.enable_channelz': 0 })
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
  server.addService(
    { answer: method },
    { answer: (_call: unknown, reply: Reply) => reply(null, bytes) },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return {
    facts: { port },
    async measure() {
      const { user, system } = process.cpuUsage()
      return { cpuUs: user + system }
    },
    close: async () => server.forceShutdown(),
  }
}

type Reply = (error: null, bytes: Buffer) => void
