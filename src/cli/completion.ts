import type { Command, Option } from 'commander'

/** The shells that completion scripts exist for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A command and the words that can follow it. */
interface CompletionNode {
  /** The words that lead to the command; empty for the program itself. */
  readonly path: readonly string[]
  readonly commands: readonly Command[]
  readonly options: readonly Option[]
}

/** Returns a program’s completion script for a shell, generated from the tree of its commands. */
export function completionOf(program: Command, shell: Shell): string {
  const nodes = nodesOf(program)
  if (shell === 'fish') return fish(program.name(), nodes)
  const script = bash(program.name(), nodes)
  if (shell === 'bash') return script
  return `#compdef ${program.name()}\nautoload -U +X bashcompinit && bashcompinit\n${script}`
}

function nodesOf(command: Command, path: readonly string[] = []): CompletionNode[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command).filter((inner) => inner.name() !== 'help')
  const options = help.visibleOptions(command)
  const below = commands.flatMap((inner) => nodesOf(inner, [...path, inner.name()]))
  return [{ path, commands, options }, ...below]
}

function bash(name: string, nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path))
  const cases = nodes.map(({ path, commands, options }) => {
    const words = [...commands.map((command) => command.name()), ...options.map(flagOf)]
    return `    ${quoted(path)}) words='${words.join(' ')}' ;;`
  })
  return `_${name}() {
  local path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) path="$path/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${name} ${name}
`
}

function quoted(path: readonly string[]): string {
  return `'${path.map((word) => `/${word}`).join('')}'`
}

function fish(name: string, nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap(({ path, commands, options }) => {
    const at = path.map((word) => `__fish_seen_subcommand_from ${word}`)
    const names = commands.map((command) => command.name()).join(' ')
    const before = names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`]
    const when = `-n '${[...at, ...before].join('; and ') || 'true'}'`
    return [
      ...commands.map(
        (command) =>
          `complete -c ${name} ${when} -f -a ${command.name()} -d ${text(command.description())}`,
      ),
      ...options.map(
        (option) =>
          `complete -c ${name} ${when} -l ${flagOf(option).slice(2)}${option.required ? ' -r' : ''} -d ${text(option.description)}`,
      ),
    ]
  })
  return `${lines.join('\n')}\n`
}

function flagOf({ long, flags }: Option): string {
  return long ?? flags
}

function text(about: string): string {
  return `'${about.replace(/[\\']/g, '\\$&')}'`
}
