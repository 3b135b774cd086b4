import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const lines = /<!-- run -->\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''

const hasCurl = () => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('the curl lines of the README print what is expected', {
  skip: hasCurl() ? false : 'curl is not installed',
}, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-readme-'))
  const main = join(root, 'src/cli/main.ts')
  const flags = [
    '--conditions=@latchkey/source',
    main,
    'serve',
    '--dev',
    '--http',
    '127.0.0.1:0',
    '--data',
    data,
  ]
  const server = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => {
    server.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  })
  let base = ''
  for await (const line of createInterface({ input: server.stdout })) {
    base = /http listens on (\S+)/.exec(line)?.[1] ?? ''
    if (base !== '') break
  }
  const script = lines.replace('http://127.0.0.1:8080', base)
  assert.notEqual(script, lines)
  const printed = execFileSync('bash', ['-eu', '-c', script], { encoding: 'utf8' })
  const [registered, whoAmI, list, same, ...ended] = printed.trim().split('\n')
  assert.match(registered ?? '', /^\{"actor":\{"id":"[0-9a-f-]{36}","name":"ada"/)
  assert.match(whoAmI ?? '', /^\{"session":\{"id":"\w{25}".*"actor":\{/)
  assert.match(list ?? '', /"label":"my laptop"\},"current":true\}\]\}$/)
  assert.equal(same, 'the same again')
  assert.match(ended[0] ?? '', /^HTTP\/1\.1 401/)
  assert.match(ended.at(-1) ?? '', /"code":"session_revoked".*"reason":"logged_out"/)
})

test('the ten lines of the README are those of an example that a test runs', () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const example = readFileSync(join(root, 'examples/embed.ts'), 'utf8')
  for (const line of shown.split('\n').filter((text) => text !== '')) {
    const adapted = line.replace("'./data'", "process.argv[2] ?? './data'")
    assert.ok(example.includes(adapted), line)
  }
})

/** The examples that guides quote. */
const QUOTED: Readonly<Record<string, string>> = {
  'cookies.md': 'examples/cookies.ts',
  'web-applications.md': 'examples/{express-login,login-logout,passport}/*.ts',
  'write-a-door.md': 'examples/line-door/*.ts',
  'write-a-store.md': 'examples/composed-store/*.ts',
}

for (const [guide, pattern] of Object.entries(QUOTED)) {
  test(`the code of the guide ${guide} is that of an example that a test runs`, () => {
    const files = globSync(pattern, { cwd: root })
    const code = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
    const text = readFileSync(join(root, 'docs/guide', guide), 'utf8')
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)]
    assert.ok(blocks.length > 3)
    for (const [, block = ''] of blocks) assert.ok(code.includes(block.trimEnd()), block)
  })
}

test('every link between the pages has a file', () => {
  for (const page of globSync(['*.md', 'docs/**/*.md', 'bench/*.md'], { cwd: root })) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)/g)) {
      if (/^https?:/.test(link)) continue
      assert.ok(existsSync(join(root, dirname(page), link)), `${page}: ${link}`)
    }
  }
})
