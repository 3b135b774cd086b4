import { type DestinationStream, destination, pino, stdSerializers } from 'pino'
import { humanLine } from './human-line.ts'
import { redact } from './redact.ts'
import type { LogLevel } from './server-config.ts'

/** Options of `openLog`. */
export interface LogOptions {
  /** `info` by default. */
  readonly level?: LogLevel
  /** Readable lines instead of JSON. False by default. */
  readonly human?: boolean
  /** Takes the lines. The process's standard error by default. */
  readonly stream?: { write(line: string): void }
}

/** Writes a line: a message, or data and a message. */
export interface LogMethod {
  (message: string): void
  (data: object, message?: string): void
}

/** Writes lines of a level. A pino logger is one. */
export type Logger = Readonly<
  Record<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', LogMethod>
>

/** A log. */
export interface Log {
  /** Writes the lines. */
  readonly logger: Logger
  /** Writes what is still buffered. */
  flush(): void
}

/** Lines above this are dropped while standard error accepts none. */
const MAX_BUFFERED_CHARS = 4 * 1024 * 1024

/**
 * Opens a log. Secrets are removed from every line. A reader of standard error that disconnects or does not read costs lines, and does not
 * stop the process.
 */
export function openLog({ level = 'info', human = false, stream }: LogOptions = {}): Log {
  const out = stream ?? openStandardError()
  const write = (line: string) => {
    const safe = redact(line)
    out.write(human ? humanLine(safe) : safe)
  }
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
    },
    { write },
  )
  return { logger, flush: () => flush(out) }
}

function openStandardError(): DestinationStream {
  const out = destination({ fd: 2, sync: false, maxLength: MAX_BUFFERED_CHARS })
  out.on('error', () => undefined)
  return out
}

function flush(out: object): void {
  const { flushSync } = out as { flushSync?: () => void }
  try {
    flushSync?.call(out)
  } catch {
    // The stream was never opened, or its reader has disconnected.
  }
}
