import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { run } from './support.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0

describe('latchkey completion', () => {
  const lines: readonly [words: readonly string[], includes: readonly string[], not: string][] = [
    [['latchkey', ''], ['agent', 'login', 'sessions', '--version'], 'unlock'],
    [['latchkey', 'agent', ''], ['start', 'stop', 'status', 'unlock', 'lock', 'lockall'], 'serve'],
    [['latchkey', 'agent', 'lo'], ['lock', 'lockall'], 'status'],
    [['latchkey', 'agent', 'start', '--b'], ['--background'], '--supervised'],
    [
      ['latchkey', 'sessions', 'list', '--format', 'json', '--'],
      ['--all', '--owner'],
      '--background',
    ],
    [['latchkey', 'completion', '--'], ['--help'], '--server'],
  ]
  for (const [words, includes, not] of lines) {
    test(`bash completes: ${words.join(' ')}`, {
      skip: has('bash') ? false : 'no bash',
    }, async () => {
      const { stdout, code } = await run(['completion', 'bash'])
      assert.equal(code, 0)
      const typed = words.map((word) => `'${word}'`).join(' ')
      const ask = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _latchkey; echo "\${COMPREPLY[@]}"`
      const shell = spawnSync('bash', ['--norc', '-eu', '-c', `${stdout}\n${ask}`], {
        encoding: 'utf8',
      })
      assert.equal(shell.stderr, '')
      const offered = shell.stdout.trim().split(' ')
      for (const word of includes) assert.ok(offered.includes(word), `${word} in ${shell.stdout}`)
      assert.ok(!offered.includes(not), `${not} in ${shell.stdout}`)
      const last = words.at(-1) ?? ''
      for (const word of offered) assert.ok(word.startsWith(last), word)
    })
  }

  test('zsh and fish have their own scripts', async () => {
    const zsh = await run(['completion', 'zsh'])
    assert.match(zsh.stdout, /^#compdef latchkey\nautoload -U \+X bashcompinit/)
    const fish = await run(['completion', 'fish'])
    assert.match(fish.stdout, /__fish_seen_subcommand_from agent.* -f -a unlock -d /)
    assert.match(
      fish.stdout,
      /__fish_seen_subcommand_from agent; and __fish_seen_subcommand_from start' -l background -d /,
    )
    for (const [shell, { stdout }] of [
      ['zsh', zsh],
      ['fish', fish],
    ] as const) {
      if (!has(shell)) continue
      const { status, stderr } = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    }
  })

  test('an unknown shell is wrong usage', async () => {
    const { code, stderr } = await run(['completion', 'tcsh'])
    assert.match(stderr, /^latchkey: [^\n]+\n$/)
    assert.equal(code, 64)
  })
})
