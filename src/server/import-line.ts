import { builtInCommands } from '../commands/index.ts'

const params = builtInCommands.find(({ name }) => name === 'admin.actors.import')?.params

/** What is wrong with an actor of a dump by its shape, in the words of the import command; null where nothing is. */
export function checkImportLine(actor: unknown): string | null {
  const issue = params?.safeParse({ actors: [actor] }).error?.issues[0]
  if (issue === undefined) return null
  const path = issue.path.slice(2).map(String).join('.')
  return `${path === '' ? '' : `${path}: `}${issue.message}.`
}
