const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** Returns the stored form of an actor id that a client sent: a UUID in lower case, an id of the application unchanged. */
export function actorIdOf(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}
