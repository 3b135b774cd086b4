export type { ForeignHashOptions } from './foreign.ts'
export {
  createPasswordHasher,
  type PasswordHasher,
  type PasswordHasherOptions,
  type Verification,
} from './hasher.ts'
export { isNoPassword } from './no-password.ts'
export { checkPassword, type PasswordPolicy } from './policy.ts'
export type { WorkQueueStats } from './work-queue.ts'
