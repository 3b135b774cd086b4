import type { RunningServer } from '../server/index.ts'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const NUMBERS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const

/** `npm start` hands on a signal that the terminal has already sent to everyone: one within so long is the same one. */
const SAME_SIGNAL_MS = 150

/** Errors of sockets and pipes that somebody on the other side can cause at will. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const EXIT_SOFTWARE = 70

/** Ends the process when a signal says so: the first drains and exits with 0, a second exits at once. */
export function endOnSignals(server: RunningServer): void {
  const { logger } = server.log
  let since: number | null = null
  const hear = (signal: (typeof SIGNALS)[number]) => {
    if (since !== null) {
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(128 + NUMBERS[signal])
      return
    }
    since = performance.now()
    logger.info(`${signal}: answering what is under way, then closing.`)
    end(server, 0)
  }
  for (const signal of SIGNALS) process.on(signal, hear)
}

/**
 * Decides what becomes of errors that nobody handled. A rejected promise is logged and counted, and the server serves on: what it
 * was doing is lost, but every write is one conditional write in the store, so nothing is left half done, and a stranger who
 * finds a way to cause one must not be able to end the process. So for errors of sockets. Any other exception left
 * some callback in the middle: the server closes in order and exits with 70, for its supervisor to start it anew.
 */
export function watchFaults(server: RunningServer): void {
  const { logger } = server.log
  process.on('unhandledRejection', (err) => {
    server.countFault()
    logger.error({ err }, 'A promise was rejected and nobody handled it.')
  })
  let ending = false
  process.on('uncaughtException', (err: NodeJS.ErrnoException) => {
    server.countFault()
    if (NETWORK_CODES.has(err.code ?? '')) {
      logger.error({ err }, 'A connection failed and nobody handled it.')
      return
    }
    logger.fatal({ err }, 'An exception that nobody handled: closing.')
    if (ending) process.exit(EXIT_SOFTWARE)
    ending = true
    end(server, EXIT_SOFTWARE)
  })
}

function end(server: RunningServer, exit: number): void {
  server.close().then(
    () => process.exit(exit),
    (err: unknown) => {
      server.log.logger.fatal({ err }, 'It could not be closed in order.')
      server.log.flush()
      process.exit(EXIT_SOFTWARE)
    },
  )
}
