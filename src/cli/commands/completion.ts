import { Argument, type Command } from 'commander'
import { completionOf, SHELLS, type Shell } from '../completion.ts'
import { write } from '../output.ts'

/** `latchkey completion`: what a shell needs to complete the command line. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<SHELL>').choices(SHELLS))
    .description('Print the completions of a shell.')
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => write(completionOf(program, shell)))
}

const EXAMPLES = `
Examples:
  eval "$(latchkey completion bash)"
  latchkey completion fish > ~/.config/fish/completions/latchkey.fish`
