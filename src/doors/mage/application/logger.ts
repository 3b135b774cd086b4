/** The levels of an application's log, least to most urgent. */
const LOG_LEVELS = [
  'verbose',
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const

export type MageLogLevel = (typeof LOG_LEVELS)[number]

/** One line that an application logged. */
export interface MageLogEntry {
  readonly level: MageLogLevel
  /** Which parts of the application, outermost first. */
  readonly contexts: readonly string[]
  /** What was logged, as it was given. */
  readonly parts: readonly unknown[]
  /** What was attached with `data` and `details`. */
  readonly data: readonly unknown[]
}

export type MageLog = (entry: MageLogEntry) => void

/** A level: logs when it is called, or gathers with `data` and `details` until `log`. */
interface LogFunction {
  (...parts: unknown[]): void
  data(...data: unknown[]): LogFunction
  details(...details: unknown[]): LogFunction
  log(...parts: unknown[]): void
}

export interface MageLogger extends Readonly<Record<MageLogLevel, LogFunction>> {
  /** A logger for a part of the application. */
  context(...names: string[]): MageLogger
}

/** Makes the logger of an application; where lines go is asked at every line. */
export function createLogger(sink: () => MageLog, contexts: readonly string[] = []): MageLogger {
  const levels = LOG_LEVELS.map((level) => [level, logFunction(sink, level, contexts, [])] as const)
  return {
    ...(Object.fromEntries(levels) as Record<MageLogLevel, LogFunction>),
    context: (...names) => createLogger(sink, [...contexts, ...names]),
  }
}

function logFunction(
  sink: () => MageLog,
  level: MageLogLevel,
  contexts: readonly string[],
  gathered: readonly unknown[],
): LogFunction {
  const write = (...parts: unknown[]) => sink()({ level, contexts, parts, data: gathered })
  const gather = (...data: unknown[]) => logFunction(sink, level, contexts, [...gathered, ...data])
  return Object.assign(write, { log: write, data: gather, details: gather })
}
