import { Argument, type Command } from 'commander'
import { completionOf, SHELLS, type Shell } from '../completion.ts'
import { write } from '../output.ts'

/** Defines `latchkey completion`. */
export function defineCompletion(command: Command): void {
  command
    .addArgument(new Argument('<SHELL>').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => write(completionOf(command.parent ?? command, shell)))
}

const EXAMPLES = `
Examples:
  eval "$(latchkey completion bash)"
  latchkey completion fish > ~/.config/fish/completions/latchkey.fish`
