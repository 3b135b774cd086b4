import type { CloseOptions, RunningServer } from '../server/index.ts'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const NUMBERS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const

/** At Ctrl-C the terminal signals every process of the group, and npm forwards the signal too: the second one within this time is a copy. */
const SAME_SIGNAL_MS = 150

/** Errors of sockets and pipes that a remote peer can cause at will. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const EXIT_SOFTWARE = 70

/**
 * Ends the process on a signal: the first closes the server in order and exits with 0, a second exits at once. After SIGTERM, which an
 * orchestrator sends, the server first accepts requests for another `drainMs`.
 */
export function endOnSignals(server: RunningServer): void {
  const { logger } = server.log
  let firstAt: number | null = null
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    if (firstAt !== null) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(128 + NUMBERS[signal])
      return
    }
    firstAt = performance.now()
    logger.info(`${signal}: finishing the requests in progress, then closing.`)
    end(server, 0, { drain: signal === 'SIGTERM' })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

/**
 * Handles errors that no code caught. An unhandled rejection is logged and counted, and the server keeps running: every write is one
 * conditional write in the store, so nothing is left incomplete, and a client that can cause a rejection must not be able to end
 * the process. The same holds for errors of sockets. After any other exception the state of the process is unknown: the
 * server closes in order and exits with 70, so that a supervisor restarts it.
 */
export function watchFaults(server: RunningServer): void {
  const { logger } = server.log
  process.on('unhandledRejection', (err) => {
    server.countFault()
    logger.error({ err }, 'Unhandled promise rejection.')
  })
  let ending = false
  process.on('uncaughtException', (err: NodeJS.ErrnoException) => {
    server.countFault()
    if (NETWORK_CODES.has(err.code ?? '')) {
      logger.error({ err }, 'Unhandled error of a connection.')
      return
    }
    logger.fatal({ err }, 'Uncaught exception: closing.')
    if (ending) process.exit(EXIT_SOFTWARE)
    ending = true
    end(server, EXIT_SOFTWARE)
  })
}

function end(server: RunningServer, exit: number, options: CloseOptions = {}): void {
  server.close(options).then(
    () => process.exit(exit),
    (err: unknown) => {
      server.log.logger.fatal({ err }, 'The server could not close in order.')
      server.log.flush()
      process.exit(EXIT_SOFTWARE)
    },
  )
}
