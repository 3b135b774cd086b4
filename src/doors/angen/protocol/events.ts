import type { ActorEvent } from '../../../core/index.ts'
import { isObject } from './json.ts'

/** An event of the house as a push: `module.event` is `module/event`; what is no object is the `data` of one. */
export function pushOf({ name, data }: ActorEvent): { name: string; message: object } {
  const message = isObject(data) ? data : data === undefined ? {} : { data }
  return { name: slashed(name), message }
}

/** `module.name` as the protocol writes it; a name without a module is one of `event`. */
export function slashed(name: string): string {
  return name.includes('.') ? name.replace('.', '/') : `event/${name}`
}
