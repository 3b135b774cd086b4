import { once } from 'node:events'
import { connect } from 'node:net'
import { createResponseReader, type ResponseCheck } from './http-response.ts'

export interface Exchange {
  readonly nextRequest: () => Buffer
  /** Ends with the first answer at or after this time. */
  readonly until: number
  /** The time from one request to the next; null for as soon as it is answered. */
  readonly everyMs: number | null
  /** Told how many milliseconds each answer took, from the time its request was due. */
  readonly onAnswer: (ms: number) => void
}

export interface HttpConnection {
  /** Asks one request after the other. Rejects at the first answer that is not what it must be. */
  exchange(exchange: Exchange): Promise<void>
  close(): void
}

/** Opens a keep-alive connection that has one request under way at a time. */
export async function openConnection(port: number, check: ResponseCheck): Promise<HttpConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const isComplete = createResponseReader(check)
  let onData: (chunk: Buffer) => void = () => {}
  let onClose: () => void = () => {}
  socket.on('data', (chunk) => {
    if (typeof chunk !== 'string') onData(chunk)
  })
  socket.once('close', () => onClose())

  return {
    exchange: ({ nextRequest, until, everyMs, onAnswer }) =>
      new Promise((resolve, reject) => {
        let due = performance.now()
        const send = () => socket.write(nextRequest())
        const settle = (now: number) => {
          onAnswer(now - due)
          due = everyMs === null ? now : due + everyMs
          if (now >= until) resolve()
          else if (due <= now) send()
          else setTimeout(send, due - now)
        }
        onClose = () => reject(new Error('the server closed the connection'))
        if (socket.destroyed) onClose()
        onData = (chunk) => {
          try {
            if (isComplete(chunk)) settle(performance.now())
          } catch (error) {
            reject(error)
          }
        }
        send()
      }),
    close: () => socket.destroy(),
  }
}
