import type { Command } from 'commander'
import { flagOf, OPTION_KEYS, OPTIONS, type OptionKey, variableOf } from '../../server/options.ts'

/** The flags of a server as they were given. */
export type ServerFlags = Partial<Record<OptionKey, string | boolean>>

/** Defines `latchkey serve`. Its flags are those of the server’s option table. */
export function defineServe(command: Command): void {
  addServerOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const { serve } = await import('../serve.ts')
      await serve(serverSourcesOf(command))
    })
}

/** Adds the flags of a server. */
export function addServerOptions(command: Command): Command {
  command.option(
    '--config <FILE>',
    'the configuration file (LATCHKEY_CONFIG; default: latchkey.config.ts, .js or .mjs in this folder)',
  )
  for (const key of OPTION_KEYS) {
    const { kind, takes, about, value } = OPTIONS[key]
    const shown = Array.isArray(value) || kind === 'json' || kind === 'switch' ? undefined : value
    const more = [variableOf(key), ...(shown === undefined ? [] : [`default ${shown}`])].join(', ')
    command.option(
      kind === 'switch' ? flagOf(key) : `${flagOf(key)} <${takes}>`,
      `${about} (${more})`,
    )
    if (kind === 'switch')
      command.option(`--no-${flagOf(key).slice(2)}`, `the opposite of ${flagOf(key)}`)
  }
  return command
}

/** Returns the values of the flags that `addServerOptions` adds. */
export function serverSourcesOf(command: Command): { flags: ServerFlags; configFile?: string } {
  const given = command.opts<ServerFlags & { config?: string }>()
  const flags: ServerFlags = {}
  for (const key of OPTION_KEYS) {
    const value = given[key]
    if (value !== undefined) flags[key] = value
  }
  return { flags, ...(given.config === undefined ? {} : { configFile: given.config }) }
}

const EXAMPLES = `
A flag overrides its variable, a variable overrides the file, and the file overrides the default. The last of two equal flags counts.

Examples:
  latchkey serve --dev
  latchkey serve --http 127.0.0.1:9000 --data /var/lib/latchkey
  latchkey serve --http 0.0.0.0:8080 --trusted-proxies 10.0.0.0/8 --public-url https://login.example
  LATCHKEY_SETTINGS='{"password.minLength":12}' latchkey serve`
