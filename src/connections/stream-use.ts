import { type Authority, isSettingName } from '../core/index.ts'

/**
 * Returns a function from a profile to how long before its expiry an open stream extends a session:
 * half of the idle time; 0 where the profile does not count a stream as use. It reads the settings of
 * a profile once, so it is for one look over many connections.
 */
export function streamUse({ settings }: Authority): (profile: string) => number {
  const known = new Map<string, number>()
  const settingOf = (name: string): unknown => (isSettingName(name) ? settings.get(name) : null)
  return (profile) => {
    let beforeMs = known.get(profile)
    if (beforeMs === undefined) {
      const idleMs = settingOf(`profile.${profile}.idleMs`)
      const counts = settingOf(`profile.${profile}.streamUses`) === true
      beforeMs = counts && typeof idleMs === 'number' ? idleMs / 2 : 0
      known.set(profile, beforeMs)
    }
    return beforeMs
  }
}
