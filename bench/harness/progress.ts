/** Says on stderr what is under way. */
export function progress(bench: string, text: string): void {
  process.stderr.write(`  ${bench}: ${text}\n`)
}
