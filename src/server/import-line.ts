import { builtInCommands } from '../commands/index.ts'

const params = builtInCommands.find(({ name }) => name === 'admin.actors.import')?.params

/** Validates one actor of an import file. Returns the message of the import command, or null for a valid actor. */
export function checkImportLine(actor: unknown): string | null {
  const issue = params?.safeParse({ actors: [actor] }).error?.issues[0]
  if (issue === undefined) return null
  const path = issue.path.slice(2).map(String).join('.')
  return `${path === '' ? '' : `${path}: `}${issue.message}.`
}
