import { LatchkeyError } from '../../core/errors.ts'
import type { LoginGuardOptions } from './login-guard.ts'
import type { SessionModel } from './lucid.ts'

/** The part of AdonisJS's `BaseCommand` that is used. */
interface Command {
  readonly app: { readonly config: { get(key: string): unknown } }
  readonly logger: {
    await(text: string): { start(): void; update(text: string): void; stop(): void }
    success(text: string): void
  }
}
interface CommandClass {
  new (...parameters: never[]): Command
  defineFlag(name: string, options: Readonly<Record<string, unknown>>): void
  serialize(): { readonly commandName: string }
}

const ACE: string = '@adonisjs/core/ace'

let loading: Promise<CommandClass> | undefined

/** The class of `latchkey:prune`. Its base is the application's own, and so is loaded with it. */
function loadPrune(): Promise<CommandClass> {
  loading ??= (async () => {
    const { BaseCommand } = (await import(ACE)) as { BaseCommand: CommandClass }
    class Prune extends BaseCommand {
      static commandName = 'latchkey:prune'
      static description = 'Remove the rows of sessions that are over'
      static options = { startApp: true }
      declare batch: number | undefined

      async run(): Promise<void> {
        const config = this.app.config.get('latchkey') as
          | LoginGuardOptions<SessionModel>
          | undefined
        if (typeof config?.model !== 'function') {
          throw new LatchkeyError(
            'invalid_request',
            'config/latchkey.ts does not name the session model.',
          )
        }
        const { manager } = (await config.model()).default
        const progress = this.logger.await('removing sessions that are over')
        progress.start()
        const removed = await manager
          .prune({
            ...(this.batch === undefined ? {} : { batch: this.batch }),
            onProgress: (count) => progress.update(`removed ${count}`),
          })
          .finally(() => progress.stop())
        this.logger.success(`removed ${removed} sessions that were over`)
      }
    }
    Prune.defineFlag('batch', {
      type: 'number',
      description: 'Rows of one transaction, 1 to 10,000. Default 1,000',
    })
    return Prune
  })()
  return loading
}

/** Called by Ace for the list of commands. */
export async function getMetaData(): Promise<unknown[]> {
  return [(await loadPrune()).serialize()]
}

/** Called by Ace for a command of that list. */
export async function getCommand(metadata: {
  readonly commandName: string
}): Promise<CommandClass | null> {
  const command = await loadPrune()
  return metadata.commandName === command.serialize().commandName ? command : null
}
