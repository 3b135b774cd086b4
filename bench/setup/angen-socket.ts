import { connect, type Socket } from 'node:net'

/** What every answer to a login ends with. */
export const LOGGED_IN = '"name":"auth/logged_in"}\n'

/** A login as it is sent. */
export function loginLine(token: string): string {
  const command = { token, user_agent: 'latchkey-bench' }
  return `${JSON.stringify({ name: 'auth/login', command })}\n`
}

/**
 * Opens a connection to an address of this machine and logs it in; null where the server closes it instead. The socket keeps
 * listening, and no more.
 */
export function openLoggedIn(
  { port, host }: { readonly port: number; readonly host: string },
  token: string,
): Promise<Socket | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | null>()
  const socket = connect({ port, host, noDelay: true })
  socket.once('connect', () => socket.write(loginLine(token)))
  socket.once('data', (chunk) => {
    const text = String(chunk)
    if (text.endsWith(LOGGED_IN)) resolve(socket)
    else reject(new Error(`an answer that must not be: ${text}`))
  })
  // An error is followed by the close.
  socket.on('error', () => undefined)
  socket.once('close', () => resolve(null))
  return promise
}
