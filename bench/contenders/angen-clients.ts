import type { Socket } from 'node:net'
import type { Prepared } from '../harness/contender.ts'
import { openLoggedIn } from '../setup/angen-socket.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly port: number
  /** The address of this machine to connect to: each gives ports of its own. */
  readonly host: string
  readonly tokens: readonly string[]
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 8_000
/** Who is not back by then is taken for refused for ever. */
const GIVE_UP_MS = 60_000

/**
 * Idle clients, one connection for each token. `measure` drops all of them and connects all of them again, all at once; who is
 * turned away tries again as the client of the library does. Its figures: how many are back (`count`), when the last was (`ms`), and
 * how often one was turned away (`turnedAway`).
 */
export async function prepare({ port, host, tokens }: Options): Promise<Prepared> {
  const at = { port, host }
  const open = async (token: string) => {
    const socket = await openLoggedIn(at, token)
    if (socket === null) throw new Error('the server closed the connection')
    return socket
  }
  let sockets: (Socket | null)[] = await inParallel(tokens.length, 64, (index) =>
    open(tokens[index] ?? ''),
  )
  return {
    async measure() {
      for (const socket of sockets) socket?.destroy()
      const began = performance.now()
      let turnedAway = 0
      sockets = await Promise.all(
        tokens.map(async (token) => {
          for (let wait = FIRST_WAIT_MS; performance.now() - began < GIVE_UP_MS; wait *= 2) {
            const socket = await openLoggedIn(at, token)
            if (socket !== null) return socket
            turnedAway++
            await pause(Math.random() * Math.min(wait, LONGEST_WAIT_MS))
          }
          return null
        }),
      )
      const back = sockets.filter((socket) => socket !== null)
      return { count: back.length, ms: performance.now() - began, turnedAway }
    },
    async close() {
      for (const socket of sockets) socket?.destroy()
    },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
