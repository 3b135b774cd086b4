import type { LoginGuardOptions } from './login-guard.ts'
import type { SessionModel } from './lucid.ts'

/** `config/latchkey.ts`: where the session model is. The prune command reads it. */
export function defineConfig<M extends SessionModel>(
  config: LoginGuardOptions<M>,
): LoginGuardOptions<M> {
  return config
}
