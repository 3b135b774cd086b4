const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** The id of an actor as a client wrote it: of a UUID the case means nothing, of an application's own ids it may. */
export function actorIdOf(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}
