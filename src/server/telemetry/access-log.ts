import type { AnsweredRequest } from '../../commands/index.ts'
import type { Logger } from '../log.ts'

/** Returns a function that writes a line for each request. The route is a template, so that a line contains no text of the client's. */
export function createAccessLog(logger: Logger): (request: AnsweredRequest) => void {
  return ({ door, method, route, status, ms, actor, session, id: requestId }) => {
    const rounded = Math.round(ms * 100) / 100
    logger.info({ door, method, route, status, ms: rounded, actor, session, requestId }, 'Request.')
  }
}
