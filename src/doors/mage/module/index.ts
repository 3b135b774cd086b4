import { createInstance, type Mage } from '../application/mage.ts'

export type { Authentication, AuthModule, UserOptions } from '../application/auth-module.ts'
export type { MageLogger } from '../application/logger.ts'
export type { Mage, MageCore } from '../application/mage.ts'
export type { MageSession } from '../application/mage-session.ts'
export type { SessionModule } from '../application/session-module.ts'
export type { State, StateOptions } from '../application/state.ts'
export type { EventOptions } from '../application/state-events.ts'

/**
 * The `mage` of an application. A module that the MAGE door has loaded gets the one of its application. Anywhere else no application runs, and
 * what needs one throws `unavailable`.
 */
const mage: Mage = createInstance({ name: '', version: undefined, modules: [] }).mage

// biome-ignore lint/style/noDefaultExport: modules of an application import their `mage` as the default, or with `require`.
export default mage
export { mage as 'module.exports' }
