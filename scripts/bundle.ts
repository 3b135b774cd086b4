import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const manifest = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8'),
) as Record<'dependencies' | 'peerDependencies', Record<string, string>>

/**
 * Packages that an application installs with the library: `zod`, because applications pass its schemas to `defineCommand`, and what is
 * small. Development dependencies that the source imports are bundled.
 */
const INSTALLED = Object.keys(manifest.dependencies)

/** Optional packages. The library imports the application's; the command line has a copy of those that it imports. */
const PEERS = Object.keys(manifest.peerDependencies)

/** Folders that only the command line and the server import, or of which they have a copy with its packages. */
const BUNDLED = ['cli', 'server', 'client', 'protocol', 'doors/grpc']

/** An import, as the compiler writes it, of a package: its clause and the package's name. */
const IMPORT = /^import ([^'"]+) from '((?!node:)[^'.][^']*)'/gm

/** A source map without mappings. */
const NO_SOURCE_MAP = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(
  '{"version":3,"sources":[""],"mappings":"AAAA"}',
).toString('base64')}`

const COMMON = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  splitting: true,
  mainFields: ['module', 'main'],
  metafile: true,
  legalComments: 'none',
  logLevel: 'error',
  // Packages in CommonJS call `require` for the modules of Node.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url), __folder = import.meta.dirname;",
  },
} satisfies BuildOptions

/**
 * Puts the packages that the library's entry points import into `dist/vendor`, with only the names in use, and makes the compiled
 * files import them from there. Returns the bundled source files.
 */
export async function bundleLibraries(dist: string): Promise<string[]> {
  const names = new Map<string, Set<string>>()
  const fileOf = (specifier: string) => specifier.replace(/^@/, '').replaceAll(/[/.]/g, '-')
  for (const file of globSync('**/*.js', { cwd: dist })) {
    if (isBundled(file)) continue
    const path = join(dist, file)
    const text = readFileSync(path, 'utf8')
    const changed = text.replace(IMPORT, (all, clause: string, specifier: string) => {
      if (isInstalled(specifier)) return all
      const [, byDefault, list = ''] = /^(\w+)?(?:, )?(?:\{ (.+) \})?$/.exec(clause) ?? []
      const used = [...list.split(', ').filter(Boolean), ...(byDefault ? ['default'] : [])]
      if (used.length === 0) throw new Error(`${file}: import ${specifier} by names, to bundle it.`)
      const known = names.get(specifier) ?? new Set()
      names.set(specifier, known)
      for (const name of used) known.add(name.replace(/ as .*/, ''))
      const target = relative(dirname(path), join(dist, 'vendor', `${fileOf(specifier)}.js`))
      return `import ${clause} from '${target.split(sep).join('/')}'`
    })
    if (changed !== text) writeFileSync(path, changed)
  }
  const entry: Plugin = {
    name: 'entry',
    setup(context) {
      context.onResolve({ filter: /^vendor:/ }, ({ path }) => ({
        path: path.slice('vendor:'.length),
        namespace: 'vendor',
      }))
      context.onLoad({ filter: /./, namespace: 'vendor' }, ({ path }) => ({
        contents: `export { ${[...(names.get(path) ?? [])].join(', ')} } from '${path}'`,
        resolveDir: dist,
      }))
    },
  }
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [...names.keys()].map((name) => ({ in: `vendor:${name}`, out: fileOf(name) })),
    outdir: join(dist, 'vendor'),
    plugins: [entry],
  })
  return Object.keys(metafile.inputs)
}

/**
 * Replaces `dist/cli` and `dist/server` by bundles with their packages. The rest of the library stays outside: an application that
 * imports `latchkey` beside `latchkey/server` has one `LatchkeyError`. Returns the bundled source files.
 */
export async function bundleCommandLine(dist: string): Promise<string[]> {
  const folder = mkdtempSync(join(dist, '.bundle-'))
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [join(dist, 'cli/main.js'), join(dist, 'server/index.js')],
    outbase: dist,
    outdir: folder,
    chunkNames: 'server/[name]-[hash]',
    sourcemap: 'linked',
    external: INSTALLED,
    plugins: [keepLibrary(dist), loadPackages(dist)],
  })
  // No export names the command line, so its declarations are removed too.
  for (const file of globSync(['cli/**/*.*', 'server/**/*.{js,js.map}'], { cwd: dist })) {
    rmSync(join(dist, file))
  }
  for (const file of globSync('{cli,server}/*', { cwd: folder })) {
    if (file.endsWith('.map')) forgetPackages(join(folder, file))
    renameSync(join(folder, file), join(dist, file))
  }
  rmSync(folder, { recursive: true })
  return Object.keys(metafile.inputs)
}

/** Every output is one folder below `dist`, so that one relative path names a file of the library from each. */
function keepLibrary(dist: string): Plugin {
  return {
    name: 'keep-library',
    setup(context) {
      context.onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
        if (importer.includes('node_modules')) return undefined
        const file = relative(dist, resolve(resolveDir, path)).split(sep).join('/')
        if (file.endsWith('client/grpc/load-grpc.js')) return { path: file, namespace: 'grpc' }
        return isBundled(file) ? undefined : { path: `../${file}`, external: true }
      })
      // The library loads its peer where it is installed; the command line has it.
      context.onLoad({ filter: /./, namespace: 'grpc' }, () => ({
        contents: "export const loadGrpc = () => require('@grpc/grpc-js')",
        resolveDir: dist,
      }))
    },
  }
}

/**
 * Leaves the packages out of the source maps. The services for health and reflection read `.proto` files beside themselves: copies
 * the files, and changes the paths.
 */
function loadPackages(dist: string): Plugin {
  const load = createRequire(import.meta.url)
  for (const [name, folder] of [
    ['grpc-health-check', 'proto'],
    ['@grpc/reflection', 'build/proto'],
  ] as const) {
    const from = join(dirname(load.resolve(`${name}/package.json`)), folder)
    cpSync(from, join(dist, 'server/proto'), { recursive: true })
  }
  return {
    name: 'load-packages',
    setup(context) {
      context.onLoad({ filter: /node_modules.*\.m?js$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8')
        const readsProtos = /node_modules\/(grpc-health-check|@grpc\/reflection)\/build\//.test(
          path,
        )
        // `../../proto` from the folder named here is `dist/server/proto`.
        const contents = readsProtos
          ? text.replaceAll('__dirname', '(__folder + "/package/build")')
          : text
        return { contents: `${contents}\n${NO_SOURCE_MAP}` }
      })
    },
  }
}

/** Takes the text of packages out of a source map. */
function forgetPackages(file: string): void {
  const map = JSON.parse(readFileSync(file, 'utf8')) as {
    sources: string[]
    sourcesContent: (string | null)[]
  }
  map.sourcesContent = map.sourcesContent.map((text, at) =>
    map.sources[at]?.includes('node_modules/') ? null : text,
  )
  map.sources = map.sources.map((source) => source.replace(/^.*node_modules\//, 'node_modules/'))
  writeFileSync(file, JSON.stringify(map))
}

function isBundled(file: string): boolean {
  return BUNDLED.some((folder) => file.startsWith(`${folder}/`))
}

function isInstalled(specifier: string): boolean {
  return [...INSTALLED, ...PEERS].some(
    (name) => specifier === name || specifier.startsWith(`${name}/`),
  )
}
