import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { clearTimeout, setTimeout } from 'node:timers'

/** Which bytes of a connection are lost, without the connection being closed. */
export type Loss = 'none' | 'from-client' | 'from-server' | 'both'

/** A proxy in front of a server, whose connections a test cuts, delays and silences. */
export interface TcpProxy {
  readonly port: number
  /** Delays every byte, in both directions. */
  delay(ms: number): void
  /** Loses bytes of all connections, those opened later too, or of the open ones that sent `only` first. */
  lose(loss: Loss, only?: string): void
  /** Closes every connection and refuses new ones. */
  cut(): void
  /** Ends every fault. Connections that lost bytes are closed, because they cannot continue. */
  heal(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  loss: Loss
  /** The first bytes of the client. */
  first: string
}

/** Starts a proxy on a free port of this machine. */
export async function startTcpProxy(target: {
  readonly host: string
  readonly port: number
}): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  const timers = new Set<NodeJS.Timeout>()
  let delayMs = 0
  let loss: Loss = 'none'
  let refusing = false

  function later(run: () => void): void {
    if (delayMs === 0) {
      run()
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, delayMs)
    timers.add(timer)
  }

  function forward(pair: Pair, from: 'client' | 'server'): void {
    const [source, sink] =
      from === 'client' ? [pair.client, pair.server] : [pair.server, pair.client]
    source.on('data', (chunk: Buffer) => {
      if (from === 'client' && pair.first === '') pair.first = chunk.toString('latin1')
      if (pair.loss === 'both' || pair.loss === `from-${from}`) return
      later(() => sink.write(chunk))
    })
    source.on('error', () => undefined)
    source.on('close', () => {
      // A silent network tells nothing of the end either.
      if (pair.loss === 'none') sink.destroy()
      pairs.delete(pair)
    })
  }

  const listener = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const pair: Pair = { client, server: connect(target.port, target.host), loss, first: '' }
    pairs.add(pair)
    forward(pair, 'client')
    forward(pair, 'server')
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  const destroy = (pair: Pair) => {
    pair.client.destroy()
    pair.server.destroy()
  }
  return {
    port: address.port,
    delay(ms) {
      delayMs = ms
    },
    lose(next, only) {
      if (only === undefined) loss = next
      for (const pair of pairs) {
        if (only === undefined || pair.first.includes(only)) pair.loss = next
      }
    },
    cut() {
      refusing = true
      for (const pair of pairs) destroy(pair)
    },
    heal() {
      delayMs = 0
      loss = 'none'
      refusing = false
      for (const pair of pairs) if (pair.loss !== 'none') destroy(pair)
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      for (const pair of pairs) destroy(pair)
      listener.close()
      await once(listener, 'close')
    },
  }
}
