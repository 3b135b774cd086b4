import { setLogger } from '@grpc/grpc-js'
import type { Logger } from './log.ts'

/** How grpc-js begins a line about metadata that a client sent. The line contains the value, which may be a token. */
const BAD_METADATA = /^Failed to add metadata entry (\S{1,100}): /

/**
 * Makes grpc-js write to a log. By itself it writes to standard error, and includes the value of metadata that it cannot read. Metadata
 * that is not valid is the client's mistake and is logged as `debug`, without its value.
 */
export function logGrpc(logger: Logger): void {
  const write = (level: 'error' | 'debug') => (message: unknown) => {
    const text = String(message)
    const key = BAD_METADATA.exec(text)?.[1]
    if (key === undefined) logger[level]({ message: text }, 'grpc-js')
    else logger.debug({ key }, 'A client sent metadata that is not valid.')
  }
  setLogger({ error: write('error'), info: write('debug'), debug: write('debug') })
}
