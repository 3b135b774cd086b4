import { randomBytes } from 'node:crypto'

const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

/** Whether a text that a proxy sent can be the id of a request. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text)
}

const PREFIX = randomBytes(6).toString('hex')
let lastNumber = 0

/** Returns a new request id, unique among the processes of an installation. */
export function createRequestId(): string {
  lastNumber++
  return `${PREFIX}-${lastNumber.toString(36)}`
}
