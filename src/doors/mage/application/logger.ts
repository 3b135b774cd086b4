/** The levels of an application's log, from the least to the most severe. */
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

/** A level of an application's log. */
export type MageLogLevel = (typeof LOG_LEVELS)[number]

/** One line of an application's log. */
export interface MageLogEntry {
  /** The severity. */
  readonly level: MageLogLevel
  /** The names given to `logger.context`, outermost first. */
  readonly contexts: readonly string[]
  /** The values that were logged, unchanged. */
  readonly parts: readonly unknown[]
  /** The values that were added with `data` and `details`. */
  readonly data: readonly unknown[]
}

/** Receives the lines of an application's log. */
export type MageLog = (entry: MageLogEntry) => void

/** Logs at one level when it is called. `data` and `details` return a function that logs their values too. */
interface LogFunction {
  (...parts: unknown[]): void
  data(...data: unknown[]): LogFunction
  details(...details: unknown[]): LogFunction
  log(...parts: unknown[]): void
}

/** `mage.logger`: a function for each level. */
export interface MageLogger extends Readonly<Record<MageLogLevel, LogFunction>> {
  /** Returns a logger for a part of the application. */
  context(...names: string[]): MageLogger
}

/** Makes the logger of an application. `sink` is called for every line. */
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
  collected: readonly unknown[],
): LogFunction {
  const write = (...parts: unknown[]) => sink()({ level, contexts, parts, data: collected })
  const collect = (...data: unknown[]) =>
    logFunction(sink, level, contexts, [...collected, ...data])
  return Object.assign(write, { log: write, data: collect, details: collect })
}
