import { LatchkeyError } from '../../errors.ts'
import type { ManagedDirectory } from '../../ports/index.ts'
import type { AuthorityContext } from '../context.ts'

/**
 * Returns the directory that the authority manages. Throws `invalid_request` if the application
 * supplies its own directory.
 */
export function managed(context: AuthorityContext): ManagedDirectory {
  const directory = context.directory as Partial<ManagedDirectory>
  if (directory.create === undefined || directory.update === undefined) {
    throw new LatchkeyError(
      'invalid_request',
      'The authority does not manage this directory. Change actors in the system that does.',
    )
  }
  return context.directory as ManagedDirectory
}
