import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino'
import { humanLine } from './human-line.ts'
import { redact } from './redact.ts'
import type { LogLevel } from './server-config.ts'

export interface LogOptions {
  readonly level?: LogLevel
  /** Readable single lines instead of JSON. */
  readonly human?: boolean
  /** Where lines go: the process's standard error by default. */
  readonly stream?: DestinationStream
}

/** A log, and how to make sure that what was written is out. */
export interface Log {
  readonly logger: Logger
  flush(): void
}

/** A reader that hangs costs lines, not memory. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024

/** Opens the log. Every line passes {@link redact}. A reader that goes away, or hangs, stops nothing. */
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
  const out = destination({ fd: 2, sync: false, maxLength: MAX_WAITING_CHARS })
  out.on('error', () => undefined)
  return out
}

function flush(out: DestinationStream): void {
  const { flushSync } = out as { flushSync?: () => void }
  try {
    flushSync?.call(out)
  } catch {
    // It was never opened, or nobody reads it any more.
  }
}
