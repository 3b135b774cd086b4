#!/usr/bin/env node
import { CommanderError } from 'commander'
import { failureOf } from './failure.ts'
import { exitOnClosedOutput } from './output.ts'
import { createProgram } from './program.ts'

const EXIT_USAGE = 64

exitOnClosedOutput()
process.stderr.on('error', () => undefined)

try {
  const args = process.argv.slice(2)
  const program = await createProgram(args)
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  if (process.env['LATCHKEY_DEBUG']) console.error(error)
  fail(error)
}

function fail(error: unknown): void {
  if (!(error instanceof CommanderError)) {
    const { line, exit } = failureOf(error)
    if (line !== '') process.stderr.write(`latchkey: ${line}\n`)
    process.exitCode = exit
    return
  }
  // Commander has already printed the help or the version, also that of a command without its subcommand.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  if (error.exitCode === 0 || error.code === 'commander.help') return
  const what = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  process.stderr.write(`latchkey: ${what} (see latchkey --help)\n`)
}
