import type { Command } from 'commander'
import { flagOf, OPTION_KEYS, OPTIONS, type OptionKey, variableOf } from '../../server/options.ts'

/** `latchkey serve`: its flags are the table of the server’s configuration. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('Run the server.')
    .option(
      '--config <FILE>',
      'the configuration (LATCHKEY_CONFIG, else latchkey.config.ts, .js or .mjs in this folder)',
    )
  for (const key of OPTION_KEYS) {
    const { kind, takes, about, value } = OPTIONS[key]
    const shown = Array.isArray(value) || kind === 'json' || kind === 'switch' ? undefined : value
    const more = [variableOf(key), ...(shown === undefined ? [] : [`default ${shown}`])].join(', ')
    command.option(
      kind === 'switch' ? flagOf(key) : `${flagOf(key)} <${takes}>`,
      `${about} (${more})`,
    )
    if (kind === 'switch') command.option(`--no-${flagOf(key).slice(2)}`, `not ${flagOf(key)}`)
  }
  command.addHelpText('after', EXAMPLES).action(async () => {
    const { config, ...flags } = command.opts<
      Partial<Record<OptionKey, string | boolean>> & { config?: string }
    >()
    const { serve } = await import('../serve.ts')
    await serve({ flags, ...(config === undefined ? {} : { configFile: config }) })
  })
}

const EXAMPLES = `
Flags go over variables, variables over the file, the file over the defaults; of a flag given twice the last counts.

Examples:
  latchkey serve --dev
  latchkey serve --http 127.0.0.1:9000 --data /var/lib/latchkey
  latchkey serve --http 0.0.0.0:8080 --trusted-proxies 10.0.0.0/8 --public-url https://login.example
  LATCHKEY_SETTINGS='{"password.minLength":12}' latchkey serve`
