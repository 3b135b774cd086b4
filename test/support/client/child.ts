import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A process that runs a file of this folder. */
export interface Child {
  readonly process: ChildProcess
  /** Resolves with the rest of the first line that begins so. */
  says(word: string): Promise<string>
  readonly ended: Promise<unknown>
}

/** Runs a file of this folder in a process of its own; it is killed after the test. */
export function runChild(t: Pick<TestContext, 'after'>, name: string, ...args: string[]): Child {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const flags = ['--conditions=@latchkey/source', file, ...args]
  const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const find = (word: string) => new RegExp(`^${word} ?(.*)\n`, 'm').exec(text)?.[1]
  return {
    process: child,
    ended,
    async says(word) {
      for (;;) {
        const found = find(word)
        if (found !== undefined) return found
        const more = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)])
        if (more === null && find(word) === undefined) throw new Error(`${name} ended: ${text}`)
      }
    },
  }
}
