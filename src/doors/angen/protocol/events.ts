import type { ActorEvent } from '../../../core/index.ts'
import { isObject } from './json.ts'

/** Returns the push of an event: `module.event` becomes `module/event`; data that is not an object becomes the field `data`. */
export function pushOf({ name, data }: ActorEvent): { name: string; message: object } {
  const message = isObject(data) ? data : data === undefined ? {} : { data }
  return { name: slashed(name), message }
}

/** Returns `module.name` as the protocol writes it. A name without a module gets the module `event`. */
export function slashed(name: string): string {
  return name.includes('.') ? name.replace('.', '/') : `event/${name}`
}
