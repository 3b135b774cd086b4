/** Returns the form in which names and search texts are compared: canonical and without case. */
export function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
