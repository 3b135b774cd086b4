/** Reads the public API from the declarations that the compiler emits: what an editor shows to an application. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import {
  isClassDeclaration,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isTypeLiteralNode,
} from 'typescript/unstable/ast/is'
import { API, type Project, type Symbol as Sym, SymbolFlags } from 'typescript/unstable/sync'

/** A member of an exported interface, class or object type. */
export interface ApiMember {
  readonly name: string
  readonly doc: string
}

/** An exported name. */
export interface ApiSymbol {
  readonly name: string
  readonly kind: 'value' | 'type'
  readonly doc: string
  /** The declaration, with the comments of its members. */
  readonly text: string
  readonly members: readonly ApiMember[]
  /** The declaring file below `src`, without its extension. */
  readonly file: string
}

/** An entry of `exports`. */
export interface ApiEntry {
  /** As an application imports it: `latchkey/commands`. */
  readonly specifier: string
  readonly symbols: readonly ApiSymbol[]
}

const root = resolve(import.meta.dirname, '..')

/** Emits the declarations of the package and returns what each of its entry points exports, sorted by name. */
export function readPublicApi(): readonly ApiEntry[] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-api-'))
  try {
    emitDeclarations(folder)
    const api = new API({ cwd: folder })
    const config = join(folder, 'tsconfig.json')
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)
    if (project === undefined) throw new Error('The declarations could not be opened.')
    const entries = entryPoints().map(([specifier, types]) => ({
      specifier,
      symbols: exportsOf(project, folder, join(folder, types)),
    }))
    api.close()
    return entries
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function emitDeclarations(folder: string): void {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const flags = ['--emitDeclarationOnly', '--sourceMap', 'false', '--inlineSources', 'false']
  const tsc = join(root, 'node_modules/.bin/tsc')
  const args = ['-p', 'tsconfig.build.json', ...flags, '--outDir', folder]
  const { status, stdout } = spawnSync(tsc, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(stdout)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    types: ['node'],
    noEmit: true,
    skipLibCheck: true,
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['**/*.d.ts'], exclude: ['node_modules'] }),
  )
}

/** Each entry of `exports` and its declaration file below `dist`. */
function entryPoints(): readonly (readonly [specifier: string, types: string])[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>
  }
  return Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string'
      ? []
      : [[name.replace('.', 'latchkey'), target.types.replace('./dist/', '')] as const],
  )
}

function exportsOf(project: Project, folder: string, file: string): readonly ApiSymbol[] {
  const { checker, program } = project
  const source = program.getSourceFile(file)
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} has no exports.`)
  return checker
    .getExportsOfModule(module)
    .map((exported) => {
      const isAlias = (exported.flags & SymbolFlags.Alias) !== 0
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
      return describe(project, folder, exported.name, symbol)
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function describe(project: Project, folder: string, name: string, symbol: Sym): ApiSymbol {
  const nodes = symbol.declarations.map((handle) => handle.resolve(project)).filter(isPresent)
  const [first] = nodes
  if (first === undefined) throw new Error(`${name} has no declaration.`)
  return {
    name,
    kind: (symbol.flags & SymbolFlags.Value) === 0 ? 'type' : 'value',
    doc: symbol.getDocumentationComment(project.checker).trim(),
    text: nodes.map((node) => textOf(statementOf(node))).join('\n'),
    members: nodes.flatMap((node) => membersOf(project, node)),
    file: sourceFileOf(first)
      .fileName.replace(`${folder}/`, '')
      .replace(/\.d\.ts$/, ''),
  }
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}

/** A variable's declaration is within its statement, which has the keywords. */
function statementOf(node: Node): Node {
  return node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node
}

function sourceFileOf(node: Node): SourceFile {
  let top = node
  while (top.kind !== SyntaxKind.SourceFile) top = top.parent
  return top as SourceFile
}

// The declaration itself, without what is private.
function textOf(node: Node): string {
  return node
    .getText()
    .replace(/^export (declare )?/, '')
    .replace(/^ +(#private|private .*);\n/gm, '')
}

function membersOf({ checker }: Project, node: Node): readonly ApiMember[] {
  const holder = isTypeAliasDeclaration(node) ? node.type : node
  const hasMembers =
    isInterfaceDeclaration(holder) || isClassDeclaration(holder) || isTypeLiteralNode(holder)
  if (!hasMembers) return []
  const found: ApiMember[] = []
  for (const member of holder.members as Iterable<Node & { readonly name?: Node }>) {
    const text = member.getText()
    if (member.name === undefined || /^(#private|private |protected )/.test(text)) continue
    const symbol = checker.getSymbolAtLocation(member.name)
    const doc = symbol?.getDocumentationComment(checker).trim() ?? ''
    found.push({ name: member.name.getText(), doc })
  }
  return found
}
