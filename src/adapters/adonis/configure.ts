import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The part of AdonisJS's configure command that is used. */
export interface ConfigureCommand {
  readonly app: { makePath(...parts: string[]): string }
  readonly parsedFlags: Readonly<Record<string, unknown>>
  createCodemods(): Promise<Codemods>
}
interface Codemods {
  makeUsingStub(
    root: string,
    stub: string,
    state: Readonly<Record<string, unknown>>,
  ): Promise<unknown>
  updateRcFile(change: (file: RcFile) => void): Promise<void>
  registerMiddleware(
    stack: 'named',
    middleware: { readonly name: string; readonly path: string }[],
  ): Promise<void>
}
interface RcFile {
  addProvider(path: string): RcFile
  addCommand(path: string): RcFile
}

/** Where the stubs are: the same distance from `src` and from `dist`. */
export const stubsRoot: string = fileURLToPath(new URL('../../../stubs/adonis', import.meta.url))

/**
 * `node ace configure latchkey [--table=sessions]`: writes the configuration, the model, the migration and the types, and where
 * `@adonisjs/auth` is not installed a middleware `auth`. Files that exist are left as they are.
 */
export async function configure(command: ConfigureCommand): Promise<void> {
  const { app, parsedFlags } = command
  const codemods = await command.createCodemods()
  const table = typeof parsedFlags['table'] === 'string' ? parsedFlags['table'] : 'sessions'
  const hasAuth = isInstalled(app, '@adonisjs/auth')
  const make = (stub: string) =>
    codemods.makeUsingStub(stubsRoot, stub, { table, prefix: String(Date.now()) })
  await make('config.stub')
  await make('model.stub')
  if (!hasMigration(app.makePath('database/migrations'), table)) await make('migration.stub')
  if (hasAuth) {
    await make('types_with_auth.stub')
  } else {
    await make('types.stub')
    await make('middleware.stub')
    await codemods.registerMiddleware('named', [
      { name: 'auth', path: '#middleware/auth_middleware' },
    ])
    if (isInstalled(app, '@japa/api-client')) await make('types_of_api_client.stub')
  }
  await codemods.updateRcFile((file) => {
    file.addProvider('latchkey/adonis/provider').addCommand('latchkey/adonis/commands')
  })
}

function isInstalled(app: ConfigureCommand['app'], name: string): boolean {
  try {
    createRequire(app.makePath('package.json')).resolve(`${name}/package.json`)
    return true
  } catch (error) {
    // The package is there, and does not export its manifest.
    return (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
  }
}

function hasMigration(folder: string, table: string): boolean {
  return (
    existsSync(folder) && readdirSync(folder).some((name) => name.includes(`create_${table}_table`))
  )
}
